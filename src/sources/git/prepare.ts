import { chmod, lstat, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pruneMoved } from './current.ts';
import { mirrorAttributes, mirrorConfig } from './mirror-config.ts';
import type { GitVersion } from './needs.ts';
import { claimFolder } from './open-folder.ts';
import { isPart, partOf } from './parts.ts';
import type { Places } from './places.ts';
import { plain } from './plain.ts';
import type { Program } from './program.ts';
import { Trouble } from './trouble.ts';

/** Makes what is missing, and removes what a git or a daemon left that was killed. Nobody else uses these folders. */
export async function prepare(places: Places, run: Program, version: GitVersion, id: () => string): Promise<void> {
  if (places.isOpen) {
    await mkdir(places.dir, { recursive: true, mode: 0o700 });
    await claimFolder(places);
  }
  for (const folder of [places.checkouts, places.listings]) await mkdir(folder, { recursive: true, mode: 0o700 });
  await rm(places.temporary, { recursive: true, force: true });
  await mkdir(places.temporary, { recursive: true, mode: 0o700 });
  for (const folder of new Set([places.dir, places.root, places.checkouts, places.listings])) {
    for (const name of await readdir(folder)) if (isPart(name)) await rm(join(folder, name), { recursive: true, force: true });
  }
  if (places.isOpen) await chmod(places.checkouts, 0o755);
  await pruneMoved(places, id);
  if (!(await exists(join(places.mirror, 'HEAD')))) await makeMirror(places, run, id);
  await sweepMirror(places.mirror);
  await writeFile(join(places.mirror, 'config'), mirrorConfig(places, version), { mode: 0o600 });
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
