import { randomBytes } from 'node:crypto';
import type { Disk } from '../model/ports.ts';
import { diskError } from './disk-error.ts';

const file = 'key';
const length = 32;

/** The key for fingerprints of secrets, in hex: made once per state dir, never leaves it. */
export async function loadKey(disk: Disk): Promise<string> {
  try {
    const bytes = await disk.read(file);
    const text = bytes === null ? '' : Buffer.from(bytes).toString('latin1').trim();
    if (new RegExp(`^[0-9a-f]{${length * 2}}$`).test(text)) return text;
    // One that is damaged is of no use any more: all secrets look changed once.
    const key = randomBytes(length).toString('hex');
    await disk.replace(file, `${key}\n`);
    return key;
  } catch (error) {
    throw diskError(error, 'cannot read or make the key for secret fingerprints');
  }
}
