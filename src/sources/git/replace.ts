import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { partOf } from './parts.ts';

export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

/** Whole or not at all, also over a power cut. */
export async function replaceFile(path: string, text: string, id: string): Promise<void> {
  const part = partOf(path, id);
  const handle = await open(part, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(part, path);
  await syncFolder(dirname(path));
}
