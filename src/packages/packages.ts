import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MusterError } from '../model/error.ts';
import { oneByOne } from '../model/one-by-one.ts';
import type { AskedPackage, InstalledPackage, LoadedPackage, PackageProgram, Packages, Staging } from '../model/package.ts';
import { lockName } from '../model/package-lock.ts';
import { packageSpecKind } from '../model/package-spec.ts';
import type { Clock, Log } from '../model/ports.ts';
import { createArchiveDigests } from './archive.ts';
import { createInPlace, manifestText } from './in-place.ts';
import { type Install, isThere, openInstalls } from './installs.ts';
import { readLock } from './lock.ts';
import { createNpm, type NpmOptions } from './npm.ts';
import type { PreflightOptions } from './preflight.ts';
import { stagePackage } from './stage.ts';

export interface PackagesOptions extends Omit<NpmOptions, 'cache'>, Pick<PreflightOptions, 'look' | 'node' | 'nodeVersion' | 'cpus'> {
  /** `packages/` in the state dir. */
  readonly dir: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** npm packages that run as modules: installed ones, each in a prefix of its own, and those that run where they are. */
export function createPackages(options: PackagesOptions): Packages {
  const { dir, clock, log } = options;
  const installs = openInstalls(dir, log);
  const inPlace = createInPlace(options);
  const npm = createNpm({ ...options, cache: join(dir, '.npm') });
  const archiveDigest = createArchiveDigests();
  const ports = { ...options, npm, installs, now: () => clock.now() };

  const inTurn = oneByOne(); // npm takes all the processors that there are

  const folderIn = async (asked: AskedPackage): Promise<InstalledPackage | null> => {
    const folder = await folderOf(asked.spec);
    return folder === null ? null : inPlace.at(folder);
  };

  const lastFor = (asked: AskedPackage, key: string): Install | null => {
    if (asked.module === null) return null;
    const install = installs.last(asked.module, (each) => each.key === key && isPinned(each, asked));
    if (install !== null) installs.take(install, clock.now());
    return install;
  };

  /** What somebody has removed is installed again at its place, as it was. */
  const whole = async (install: Install, of: Pick<AskedPackage, 'spec' | 'allowScripts'>, staging: Staging): Promise<Install> => {
    if (isThere(install)) return install;
    return inTurn(async () => {
      if (isThere(install)) return install;
      const { pin, name, prefix } = install;
      const asked = { ...of, module: name, pin };
      const again = await stagePackage(asked, install.key, staging, { ...ports, again: install });
      log.warn({ folder: prefix, version: install.version }, 'a package whose files were gone is installed again');
      return again;
    });
  };

  const installOf = (path: string): Install => {
    const install = installs.of(path);
    if (install !== null) return install;
    throw new MusterError('ENOENT', `the package of ${path} is not installed any more`, {
      hint: 'muster reload installs what is declared, muster install SPEC what is not',
    });
  };

  /** What was installed is there, whatever became of the archive that it came from. */
  const current = async ({ path, spec }: LoadedPackage): Promise<InstalledPackage | Install> => {
    const install = installs.of(path);
    if (install !== null) return install;
    const folder = await folderOf(spec.package);
    return folder === null ? installOf(path) : inPlace.at(folder);
  };

  return {
    async find(asked) {
      const inFolder = await folderIn(asked);
      if (inFolder !== null) return inFolder;
      const install = lastFor(asked, await keyOf(asked, archiveDigest));
      return install === null || isThere(install) ? install : { ...install, lost: true };
    },
    async stage(asked: AskedPackage, staging: Staging) {
      const inFolder = await folderIn(asked);
      if (inFolder !== null) return inFolder;
      const key = await keyOf(asked, archiveDigest);
      const install = lastFor(asked, key);
      if (install !== null && staging.fresh !== true) return whole(install, asked, staging);
      return inTurn(() => stagePackage(asked, key, staging, ports));
    },
    current,
    async programOf(loaded) {
      const { spec } = loaded;
      const there = await current(loaded);
      const { programs } = isInstall(there) ? await whole(there, { spec: spec.package, allowScripts: spec.allowScripts }, {}) : there;
      const program = programs.find(({ app }) => app === (loaded.spec.app ?? null)) ?? programs[0];
      if (program === undefined) throw new Error(`nothing to run in ${loaded.path}`);
      await assertWhole(program);
      return program;
    },
    async watched({ spec }) {
      const folder = await folderOf(spec.package).catch(() => null);
      return folder === null ? [] : inPlace.watched(folder).catch(() => [join(folder, 'package.json')]);
    },
    lock: (folder) => readLock(join(folder, lockName)),
    any: () => installs.any(),
    prune: (wanted, done) => installs.prune(wanted, done ?? new Set(), clock.now()),
    async newer({ path, spec }, { signal }) {
      const install = installs.of(path);
      if (install === null || packageSpecKind(spec.package).kind !== 'registry') return null;
      const found = Object.values(await npm.outdated({ prefix: install.prefix, spec: spec.package, signal }))[0];
      return { wanted: found?.wanted ?? install.version, latest: found?.latest ?? install.version };
    },
  };
}

/** The folder that a spec names; null where it names something else. Throws where there is nothing of that path. */
async function folderOf(spec: string): Promise<string | null> {
  const kind = packageSpecKind(spec);
  if (kind.kind !== 'local') return null;
  const stats = await stat(kind.path).catch((cause: unknown) => {
    throw new MusterError('ENOENT', `there is no package at ${kind.path}`, { cause });
  });
  return stats.isDirectory() ? kind.path : null;
}

function isInstall(there: InstalledPackage | Install): there is Install {
  return 'prefix' in there;
}

/** Equal where the same is asked for: an archive that was written anew is another one. */
async function keyOf({ spec, allowScripts }: AskedPackage, archiveDigest: (path: string) => Promise<string>): Promise<string> {
  const kind = packageSpecKind(spec);
  const content = kind.kind === 'local' ? await archiveDigest(kind.path) : '';
  return createHash('sha256')
    .update([spec, String(allowScripts), content].join('\n'))
    .digest('hex');
}

function isPinned({ pin }: Install, asked: AskedPackage): boolean {
  if (asked.pin === null) return true;
  return (
    pin !== null &&
    pin.version === asked.pin.version &&
    pin.integrity === asked.pin.integrity &&
    (pin.integrity !== null || pin.resolved === asked.pin.resolved)
  );
}

/** Of what lies in the state dir somebody may have taken a part away. */
async function assertWhole({ folder, script }: PackageProgram): Promise<void> {
  const hint = `remove ${folder} and run: muster reload`;
  const manifest = await manifestText(folder);
  try {
    JSON.parse(manifest);
  } catch (cause) {
    throw new MusterError('EIO', `${join(folder, 'package.json')} is damaged: ${(cause as Error).message}`, { cause, hint });
  }
  const stats = await stat(script).catch(() => null);
  if (stats?.isFile() !== true) throw new MusterError('ENOENT', `its script ${script} is gone`, { hint });
}
