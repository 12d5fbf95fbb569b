import type { GitSpec } from '../../model/source.ts';
import type { Keys } from './keys.ts';
import type { Found, Mirror, Reach } from './mirror.ts';
import type { GitVersion } from './needs.ts';
import type { Places } from './places.ts';
import { plain } from './plain.ts';
import type { Program } from './program.ts';
import { readTree, requireConfig, type TreeFile } from './tree.ts';
import { Trouble } from './trouble.ts';
import { createVerifier } from './verify.ts';

export interface ReviewOptions {
  readonly spec: GitSpec;
  readonly places: Places;
  readonly mirror: Mirror;
  readonly run: Program;
  readonly id: () => string;
}

export interface ReviewAsked {
  readonly reach: Reach;
  /** What is used, if it came from the same place: only what is newer is fetched. */
  readonly since: string | null;
  readonly applied: string | null;
  readonly version: GitVersion;
  /** The repository has answered. */
  answered(): void;
}

/** A commit that may be used. */
export interface Reviewed {
  readonly revision: string;
  readonly subject: string | null;
  readonly author: string | null;
  readonly signer: string | null;
  files(): Promise<readonly TreeFile[]>;
}

const listingBytes = 64 * 2 ** 20;

/** Finds out what the repository has, and whether it may be used: signed by whom, after what, with which files. */
export function createReview({ spec, places, mirror, run, id }: ReviewOptions) {
  const verifier = spec.verify === null ? null : createVerifier({ verify: spec.verify, ref: spec.ref, places, run, id });
  /** What was judged last, so that a look at what has not moved costs one question to the repository. */
  let last: { readonly key: string; readonly verdict: Reviewed | Trouble } | null = null;

  return Object.assign(review, {
    filesOf,
    forget(): void {
      last = null;
    },
    /** Its files showed what its list did not. */
    refuse(verdict: Trouble): void {
      if (last?.verdict.revision === verdict.revision && isLasting(verdict)) last = { ...last, verdict };
    },
  });

  async function review({ reach, since, applied, version, answered }: ReviewAsked): Promise<Reviewed> {
    const keys = verifier === null ? null : await verifier.keys();
    const there = await mirror.look(reach);
    if (!('commit' in spec.ref)) answered();
    const keyOf = (found: Found): string => JSON.stringify([found, keys?.digest, applied === found.revision ? null : applied]);
    if (last?.key === keyOf(there)) return settled(last.verdict);
    let found = there;
    try {
      found = await fetched(there, since, reach, answered);
      const verdict = await judge(found, { reach, applied, version, keys });
      // The list of files is not kept: it may be long.
      last = { key: keyOf(found), verdict: { ...verdict, files: () => filesOf(verdict.revision) } };
      return verdict;
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      if (!isLasting(error)) throw error;
      const verdict = new Trouble(error.code, error.message, error.revision ?? found.revision);
      last = { key: keyOf(found), verdict };
      throw verdict;
    }
  }

  /** A commit that is here already is the same everywhere. */
  async function fetched(there: Found, since: string | null, reach: Reach, answered: () => void): Promise<Found> {
    if ('commit' in spec.ref && (await mirror.has(spec.ref.commit))) return there;
    const found = await mirror.fetch(spec.allowRewind ? null : since, reach);
    answered();
    return found;
  }

  async function judge(found: Found, { reach, applied, version, keys }: Judging): Promise<Reviewed> {
    const { revision } = found;
    const signer = verifier === null || keys === null ? null : await verifier.signer(found, keys, mirror, version, reach.signal);
    await requireLater(revision, applied, reach);
    const files = await filesOf(revision);
    requireConfig(files, spec.path);
    const format = ['%s', '%an <%ae>'].join('%n');
    const said = (await mirror.own(['log', '-1', '--no-mailmap', `--format=${format}`, '--encoding=UTF-8', revision])).toString();
    const [subject = '', author = ''] = said.split('\n');
    return { revision, signer, subject: plain(subject, 200), author: plain(author, 200), files: async () => files };
  }

  async function requireLater(revision: string, applied: string | null, reach: Reach): Promise<void> {
    if (applied === null || applied === revision || spec.allowRewind) return;
    const [to, from] = [revision.slice(0, 12), applied.slice(0, 12)];
    const remedy = 'see what happened there; source.git.allowRewind: true takes it';
    if ('tag' in spec.ref) throw new Trouble('rewound', `tag ${spec.ref.tag} was moved from ${from} to ${to}; ${remedy}`);
    if (await mirror.descends(revision, applied, reach)) return;
    throw new Trouble('rewound', `${to} does not come after ${from}, which was applied: the history was rewritten; ${remedy}`);
  }

  async function filesOf(revision: string): Promise<TreeFile[]> {
    return readTree(await mirror.listing(revision, listingBytes), spec);
  }
}

interface Judging extends Pick<ReviewAsked, 'reach' | 'applied' | 'version'> {
  readonly keys: Keys | null;
}

function settled(verdict: Reviewed | Trouble): Reviewed {
  if (verdict instanceof Trouble) throw new Trouble(verdict.code, verdict.message, verdict.revision);
  return verdict;
}

/** The same commit, keys and history give the same again; the rest may be otherwise in a moment. */
function isLasting({ code }: Trouble): boolean {
  return code === 'unsigned' || code === 'untrusted' || code === 'rewound' || code === 'refused' || code === 'badPath';
}
