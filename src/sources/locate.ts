import { access } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { MusterError } from '../model/error.ts';
import { configPlaces, type Surroundings } from '../model/places.ts';

export interface LocateOptions extends Surroundings {
  /** From `-c`; they need not be absolute. */
  readonly files: readonly string[];
  readonly cwd: string;
}

/** The config files in question, absolute. Rejects with ENOENT and the places searched, in their order. */
export async function locateConfig(options: LocateOptions): Promise<string[]> {
  const { files, cwd } = options;
  if (files.length > 0) return files.map((file) => (isAbsolute(file) ? file : resolve(cwd, file)));
  const places = configPlaces(options, cwd);
  for (const place of places) if (await isThere(place)) return [place];
  const list = places.map((place) => `  ${place}`).join('\n');
  throw new MusterError('ENOENT', `no config file; looked for\n${list}`, {
    hint: 'name one with -c FILE, or write a starter with muster init',
  });
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
