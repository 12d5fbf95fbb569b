import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Install } from './installs.ts';

/** By the folder of each: what `RECORDS/NAME/ID.json` says of `NAME/ID/`. A record that is not whole is none. */
export function readRecords(dir: string, records: string): Map<string, Install> {
  const known = new Map<string, Install>();
  for (const module of foldersIn(join(dir, records))) {
    for (const file of readdirSync(join(dir, records, module))) {
      const install = file.endsWith('.json') ? recordIn(join(dir, records, module, file)) : null;
      const prefix = join(dir, module, file.slice(0, -'.json'.length));
      if (install !== null) known.set(prefix, { ...install, prefix });
    }
  }
  return known;
}

function recordIn(path: string): Install | null {
  try {
    const record = JSON.parse(readFileSync(path, 'utf8')) as Install;
    return Array.isArray(record.programs) && record.programs.length > 0 ? record : null;
  } catch {
    return null;
  }
}

/** Whole or not at all, also over a power cut. */
export async function writeRecord(path: string, install: Install): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}~`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(install)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((item) =>
      item.isDirectory() && !item.name.startsWith('.') ? [item.name] : [],
    );
  } catch {
    return [];
  }
}
