import { stat } from 'node:fs/promises';
import { resolve } from 'node:path/posix';
import { MusterError } from '../model/error.ts';
import { configPlaces, type Surroundings } from '../model/places.ts';

export interface Wanted extends Surroundings {
  /** From `-c`; as given or absolute. */
  readonly files: readonly string[];
  readonly cwd: string;
}

/**
 * The config files to read, absolute: those given, whether they exist or not, else the first of the known places where
 * there is one (CONTRACT §1). Throws ENOENT with all of these places.
 */
export async function locateConfig({ files, cwd, ...surroundings }: Wanted): Promise<string[]> {
  if (files.length > 0) return files.map((file) => resolve(cwd, file));
  const { env } = surroundings;
  const places = configPlaces(surroundings, cwd).map((place) => resolve(cwd, place));
  // A variable that names a config that is not there is an error of its own when it is read.
  if (env.MUSTER_CONFIG) return places.slice(0, 1);
  for (const place of places) if (await exists(place)) return [place];
  throw new MusterError('ENOENT', `no config file; looked at $MUSTER_CONFIG (not set), ${places.join(', ')}`, {
    hint: 'muster init writes one; -c FILE names one',
  });
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT' && error.code !== 'ENOTDIR',
  );
