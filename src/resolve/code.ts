import { realpathSync } from 'node:fs';
import { dirname, extname, relative } from 'node:path';
import type { Compiler } from './compile.ts';
import { type FileDigests, type Look, sha256 } from './files.ts';

/** The code of one entry file, compiled. */
export interface Build {
  /** The entry without symbolic links. */
  readonly real: string;
  /** Local files that are in it, with the digest of their content. */
  readonly sources: ReadonlyMap<string, string>;
  /** Digest of the code, wherever it lies. */
  readonly digest: string;
  /** Until it was kept in the state dir. */
  output: { code: string; map: string } | null;
}

/** Compiled code by entry file; compiled again only where the content of a source changed. */
export interface Codebase {
  /** Whether the build is known, without any reading, to be what the files say now. */
  isCurrent(file: string, build: Build, look: Look): boolean;
  /** Throws EINVAL where the code is at fault. */
  build(file: string, look: Look): Promise<Build>;
  /** The last build of an entry file that compiled. */
  known(file: string): Build | undefined;
  /** Compiles anew, for its output. */
  rebuild(file: string): Promise<Build>;
  /** Forgets all but these entry files. */
  retain(files: ReadonlySet<string>): void;
}

export function createCodebase(compiler: Compiler, digests: FileDigests): Codebase {
  const builds = new Map<string, Build>();
  const underway = new Map<string, Promise<Build>>();

  function isCurrent(file: string, build: Build, look: Look): boolean {
    if (!sameFile(file, build.real, look)) return false;
    for (const [source, digest] of build.sources) if (!digests.isStill(source, digest, look)) return false;
    return true;
  }

  async function compile(file: string): Promise<Build> {
    const real = realpathSync.native(file);
    const { code, map, sources } = await compiler.compile(real);
    for (const [path, { stats, sha256: digest }] of sources) if (stats !== undefined) digests.learn(path, stats, digest);
    const plain = new Map([...sources].map(([path, source]) => [path, source.sha256]));
    const build = { real, sources: plain, digest: digestOf(real, plain), output: { code, map } };
    builds.set(file, build);
    return build;
  }

  async function update(file: string, look: Look): Promise<Build> {
    const known = builds.get(file);
    if (known !== undefined && (isCurrent(file, known, look) || (await hasSameContent(file, known, digests, look)))) return known;
    return compile(file);
  }

  return {
    isCurrent,
    known: (file) => builds.get(file),
    build(file, look) {
      const before = underway.get(file);
      if (before !== undefined) return before;
      const build = update(file, look).finally(() => underway.delete(file));
      underway.set(file, build);
      return build;
    },
    rebuild: compile,
    retain(files) {
      for (const file of builds.keys()) if (!files.has(file)) builds.delete(file);
    },
  };
}

/** A link that was pointed elsewhere shows in this, though the files behind it are all unchanged. */
function sameFile(file: string, real: string, look: Look): boolean {
  if (file === real) return true;
  const [now, then] = [look.stat(file), look.stat(real)];
  return now !== undefined && then !== undefined && now.ino === then.ino && now.dev === then.dev;
}

async function hasSameContent(file: string, build: Build, digests: FileDigests, look: Look): Promise<boolean> {
  try {
    if (realpathSync.native(file) !== build.real) return false;
    for (const [source, digest] of build.sources) if ((await digests.digest(source, look)) !== digest) return false;
    return true;
  } catch {
    return false;
  }
}

function digestOf(real: string, sources: ReadonlyMap<string, string>): string {
  const folder = dirname(real);
  const lines = [...sources].map(([path, digest]) => `${path === real ? `entry${extname(path)}` : relative(folder, path)}\0${digest}`);
  return sha256(lines.sort().join('\n'));
}
