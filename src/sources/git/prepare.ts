import { lstat, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GitSpec } from '../../model/source.ts';
import { mirrorAttributes, mirrorConfig } from './mirror-config.ts';
import { isPart, partOf } from './parts.ts';
import type { Places } from './places.ts';
import { plain } from './plain.ts';
import type { Program } from './program.ts';
import { Trouble } from './trouble.ts';

/** Makes what is missing, and removes what a git or a daemon left that was killed. Nobody else uses these folders. */
export async function prepare(places: Places, run: Program, id: () => string): Promise<void> {
  await mkdir(places.checkouts, { recursive: true, mode: 0o700 });
  await rm(places.temporary, { recursive: true, force: true });
  await mkdir(places.temporary, { recursive: true, mode: 0o700 });
  for (const folder of [places.dir, places.checkouts]) {
    for (const name of await readdir(folder)) if (isPart(name)) await rm(join(folder, name), { recursive: true, force: true });
  }
  if (!(await exists(join(places.mirror, 'HEAD')))) await makeMirror(places, run, id);
  await sweepMirror(places.mirror);
  await writeFile(join(places.mirror, 'config'), mirrorConfig(places), { mode: 0o600 });
  await mkdir(join(places.mirror, 'info'), { recursive: true });
  await writeFile(join(places.mirror, 'info', 'attributes'), mirrorAttributes);
}

/** A mirror that git cannot read any more makes room for another. */
export async function discardMirror(places: Places, id: () => string): Promise<void> {
  const gone = partOf(places.mirror, id());
  await rename(places.mirror, gone).catch(() => {});
  await rm(gone, { recursive: true, force: true });
}

async function makeMirror(places: Places, run: Program, id: () => string): Promise<void> {
  await rm(places.mirror, { recursive: true, force: true });
  const part = partOf(places.mirror, id());
  const { code, stderr } = await run({ argv: ['git', 'init', '--quiet', '--bare', '--template=', part] });
  if (code !== 0) throw new Trouble('disk', `git cannot make a repository in ${places.dir}: ${plain(stderr)}`);
  await rename(part, places.mirror);
}

/** A lock that its git did not live to remove would keep out every other. */
async function sweepMirror(mirror: string): Promise<void> {
  const names = await readdir(mirror, { recursive: true });
  const left = names.filter((name) =>
    /\.lock$|(?:^|\/)(?:tmp_[^/]*|incoming-[^/]*|\.tmp-[^/]*|tmp_objdir-[^/]*|gc\.pid|shallow_[^/]*)$/.test(name),
  );
  for (const name of left) await rm(join(mirror, name), { recursive: true, force: true });
}

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

interface Need {
  readonly version: readonly [number, number];
  readonly what: string;
}

/** What the git program has to be for a source; throws where it is older. */
export async function checkGit(run: Program, spec: Pick<GitSpec, 'credentials'>): Promise<readonly [number, number]> {
  const { stdout } = await run({ argv: ['git', '--version'] });
  const [, major, minor] = /(\d+)\.(\d+)/.exec(stdout.toString()) ?? [];
  const version = [Number(major ?? 0), Number(minor ?? 0)] as const;
  const needs: Need[] = [{ version: [2, 25], what: 'a source' }];
  if (spec.credentials?.token !== undefined) needs.push({ version: [2, 31], what: 'source.git.credentials.token' });
  for (const need of needs) requireGit(version, need);
  return version;
}

export function requireGit(version: readonly [number, number], { version: needed, what }: Need): void {
  if (version[0] > needed[0] || (version[0] === needed[0] && version[1] >= needed[1])) return;
  throw new Trouble('noGit', `git is ${version.join('.')} here; ${what} needs ${needed.join('.')} or newer`);
}
