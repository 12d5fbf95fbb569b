import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { GitRef, GitSpec } from '../../model/source.ts';
import { formatSize } from '../../model/units.ts';
import { networkEnvironment, shownUrl } from './environment.ts';
import { createScrub, fetchFailure } from './failure.ts';
import { plain } from './plain.ts';
import type { Program, ProgramOutput, ProgramRun } from './program.ts';
import { BrokenMirror, Trouble, Unwanted } from './trouble.ts';

export interface MirrorOptions {
  readonly path: string;
  readonly run: Program;
  readonly spec: Pick<GitSpec, 'url' | 'ref' | 'credentials' | 'timeout' | 'maxFetch'>;
}

/** The end of what is done over the network, and what it is done with. */
export interface Reach {
  readonly token: string | null;
  readonly signal: AbortSignal;
  /** Aborts when it has taken as long as it may, all that goes over the network together. */
  readonly late: AbortSignal;
}

export interface Found {
  readonly revision: string;
  /** The object of an annotated tag; null: it is none. */
  readonly tag: string | null;
}

export type Mirror = ReturnType<typeof createMirror>;

/** Enough for most questions about a line (`explain`) without the whole history. */
const firstDepth = 50;
const deeper = [500, 5000] as const;
const fetched = 'refs/muster/fetched';
const used = 'refs/muster/used/';
const mostPacks = 40;

/** The bare repository into which the other one is fetched. Nothing is checked out here. */
export function createMirror({ path, run, spec }: MirrorOptions) {
  const { url, ref, maxFetch } = spec;
  const shown = shownUrl(url);
  const packFolder = join(path, 'objects', 'pack');
  const git = (args: readonly string[], more: Omit<ProgramRun, 'argv'> = {}): Promise<ProgramOutput> =>
    run({ argv: ['git', `--git-dir=${path}`, ...args], ...more });

  /** Of git on its own objects; that fails only where they are broken. */
  async function own(args: readonly string[], more: Omit<ProgramRun, 'argv'> = {}): Promise<Buffer> {
    const { code, stdout, stderr } = await git(args, more);
    if (code !== 0) throw /No space left|quota/i.test(stderr) ? fetchFailure(shown, stderr, String) : new BrokenMirror(plain(stderr));
    return stdout;
  }

  async function remote(args: readonly string[], { token, signal, late }: Reach): Promise<string> {
    const scrub = createScrub(token === null ? [] : [token, `${spec.credentials?.username ?? 'git'}:${token}`]);
    const { code, stdout, stderr } = await git(args, {
      env: networkEnvironment(spec, token),
      signal: AbortSignal.any([signal, late]),
      timeout: null,
      watch: tooMuch,
    }).catch((error: unknown) => {
      throw error instanceof Unwanted && !signal.aborted ? slow() : error;
    });
    if (code !== 0) throw fetchFailure(shown, stderr, scrub);
    return stdout.toString();
  }

  function slow(): Trouble {
    return new Trouble('unreachable', `${shown} did not answer whole within ${spec.timeout / 1000} s (source.git.timeout)`);
  }

  async function tooMuch(): Promise<Trouble | null> {
    if ((await sizeOf(packFolder)) <= maxFetch) return null;
    return new Trouble(
      'refused',
      `${shown} has more than ${formatSize(maxFetch)} to fetch (source.git.maxFetch); use a smaller repository for the config, or raise that`,
    );
  }

  async function fetch(refspec: string, depth: readonly string[], reach: Reach): Promise<void> {
    const args = (depth: readonly string[]) => [
      ...['fetch', '--quiet', '--force', '--no-tags', '--no-recurse-submodules', '--update-shallow', ...depth],
      ...['--', url, `+${refspec}`],
    ];
    try {
      await remote(args(depth), reach);
    } catch (error) {
      // Plain files served over http have the whole history or nothing.
      if (depth.length === 0 || !(error instanceof Trouble) || !/shallow/.test(error.message)) throw error;
      await remote(args([]), reach);
    }
    const more = await tooMuch();
    if (more !== null) throw more;
  }

  const has = async (revision: string): Promise<boolean> => {
    if (!isCommit(revision)) return false;
    return (await git(['cat-file', '-e', `${revision}^{commit}`])).code === 0;
  };

  return {
    /** What `ref` is in the repository now. Few bytes; throws where it is not there. */
    async look(reach: Reach): Promise<Found> {
      if ('commit' in ref) return { revision: ref.commit, tag: null };
      const name = nameOf(ref);
      const kind = 'tag' in ref ? '--tags' : '--heads';
      const refs = readRefs(await remote(['ls-remote', kind, '--', url, name, `${name}^{}`], reach));
      const object = refs.get(name);
      if (object === undefined) throw await nothingThere(reach);
      const peeled = refs.get(`${name}^{}`);
      return { revision: peeled ?? object, tag: peeled === undefined ? null : object };
    },
    /** Fetches it, with the history from `since` on if that is there. */
    async fetch(since: string | null, reach: Reach): Promise<Found> {
      const known = since !== null && (await has(since));
      const name = 'commit' in ref ? ref.commit : nameOf(ref);
      await fetch(`${name}:${fetched}`, known ? [] : [`--depth=${firstDepth}`], reach);
      const objects = await git(['rev-parse', fetched, `${fetched}^{commit}`]);
      const [object = '', revision = ''] = objects.stdout.toString().split('\n');
      if (objects.code !== 0 || revision === '') throw new Trouble('badRef', `${describe(ref)} of ${shown} is no commit`);
      return { revision, tag: object === revision ? null : object };
    },
    /** Whether a commit comes after another; history that is missing is fetched for that, step by step. */
    async descends(revision: string, from: string, reach: Reach): Promise<boolean> {
      const name = 'commit' in ref ? ref.commit : nameOf(ref);
      if (!isCommit(from)) return false;
      for (const depth of [...deeper.map((depth) => `--deepen=${depth}`), '--unshallow', null]) {
        const { code } = await git(['merge-base', '--is-ancestor', from, revision]);
        if (code === 0) return true;
        const ends = await shallowEnds();
        if (ends.size === 0) return false;
        // Any other code: it is not here.
        if (code === 1) {
          const between = await own(['rev-list', revision, `^${from}`], { mostBytes: 64 * 2 ** 20 });
          if (
            !between
              .toString()
              .split('\n')
              .some((commit) => ends.has(commit))
          )
            return false;
        }
        if (depth !== null) await fetch(`${name}:refs/muster/deepened`, [depth], reach);
      }
      return false;
    },
    has,
    /** Keeps what is used from being thrown away, and lets go of what is in none of these. */
    async keep(revisions: readonly string[]): Promise<void> {
      const kept = (await own(['for-each-ref', '--format=%(refname)', used])).toString().split('\n');
      const wanted = new Set(revisions.map((revision) => used + revision));
      for (const revision of revisions) {
        // After the mirror was made anew, what is in no history any more is gone.
        if (!kept.includes(used + revision) && (await has(revision))) await own(['update-ref', used + revision, revision]);
      }
      for (const name of kept) if (name !== '' && !wanted.has(name)) await own(['update-ref', '-d', name]);
      const packs = (await readdir(packFolder)).filter((file) => file.endsWith('.pack')).length;
      const half = packs > 1 && (await sizeOf(packFolder)) > maxFetch / 2;
      if (half || packs > mostPacks) await own(['repack', '-a', '-d', '-q']);
    },
    listing: (revision: string, mostBytes: number): Promise<Buffer> =>
      own(['ls-tree', '-r', '-l', '-z', '--full-tree', revision], { mostBytes }),
    shallowEnds,
    own,
    git,
  };

  async function shallowEnds(): Promise<ReadonlySet<string>> {
    const text = await readFile(join(path, 'shallow'), 'utf8').catch(() => '');
    return new Set(text.split('\n').filter((line) => line !== ''));
  }

  async function nothingThere(reach: Reach): Promise<Trouble> {
    const all = [...readRefs(await remote(['ls-remote', '--heads', '--tags', '--', url], reach)).keys()];
    if (all.length === 0) return new Trouble('badRef', `${shown} is empty: nothing was pushed to it yet`);
    const kind = 'tag' in ref ? 'refs/tags/' : 'refs/heads/';
    const names = all.filter((name) => name.startsWith(kind) && !name.endsWith('^{}')).map((name) => plain(name.slice(kind.length), 60));
    const there = names.length === 0 ? '' : `; there is ${names.slice(0, 8).join(', ')}${names.length > 8 ? ' …' : ''}`;
    return new Trouble('badRef', `${shown} has no ${describe(ref)}${there}`);
  }
}

/** What is neither an option nor anything else to git. */
function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

export function describe(ref: GitRef): string {
  if ('branch' in ref) return `branch ${ref.branch}`;
  return 'tag' in ref ? `tag ${ref.tag}` : `commit ${ref.commit}`;
}

function nameOf(ref: Exclude<GitRef, { commit: string }>): string {
  return 'branch' in ref ? `refs/heads/${ref.branch}` : `refs/tags/${ref.tag}`;
}

function readRefs(listing: string): Map<string, string> {
  const lines = listing.split('\n').flatMap((line) => {
    const [, object, name] = /^([0-9a-f]{40,64})\t(\S+)$/.exec(line) ?? [];
    return object === undefined || name === undefined ? [] : [[name, object] as const];
  });
  return new Map(lines);
}

async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
