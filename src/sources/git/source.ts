import type { Environment } from '../../model/environment.ts';
import type { SecretRef } from '../../model/fields/kit.ts';
import type { Keeper } from '../../model/keeper.ts';
import { oneByOne } from '../../model/one-by-one.ts';
import type { Clock, Log, Random } from '../../model/ports.ts';
import type { GitSpec, Source, SourceDoc, Synced } from '../../model/source.ts';
import { blame } from './blame.ts';
import { checkOut } from './checkout.ts';
import { currentRevision, pruneCheckouts, switchTo } from './current.ts';
import { document } from './document.ts';
import { gitEnvironment, shownUrl } from './environment.ts';
import { createMending } from './mend.ts';
import { createMirror, describe } from './mirror.ts';
import { checkGit, type GitVersion } from './needs.ts';
import { requireOwnFolder } from './open-folder.ts';
import { placesIn } from './places.ts';
import { discardMirror, prepare } from './prepare.ts';
import { createProgram } from './program.ts';
import { readRecord, type SourceRecord, type Used, withUsed, writeRecord } from './record.ts';
import { createReview, type Reviewed } from './review.ts';
import { readToken } from './token.ts';
import { BrokenMirror, diskTrouble, Trouble, Unwanted } from './trouble.ts';
import { unwantedBy } from './unwanted.ts';

export interface GitSourceOptions {
  readonly spec: GitSpec;
  /** Its own; made where it is missing. */
  readonly dir: string;
  readonly keeper: Pick<Keeper, 'spawn'>;
  readonly clock: Clock;
  readonly random: Pick<Random, 'id'>;
  readonly log: Log;
  /** The daemon's own. */
  readonly env: Environment;
  secret(ref: SecretRef): Promise<string>;
  /** Commits that can be gone back to. */
  readonly revisions?: number;
}

/** Checkouts beside the one that is used: programs started a moment ago may still read there. */
const keptCheckouts = 3;
const usualRevisions = 20;

/** A repository, as it was found by an earlier daemon until somebody asks for a look. */
export async function createGitSource(options: GitSourceOptions): Promise<Source> {
  const { spec, clock, log, revisions = usualRevisions } = options;
  const places = placesIn(options.dir, spec.checkoutDir);
  const id = (): string => options.random.id();
  const run = createProgram({ ...options, cwd: '/', env: gitEnvironment(options.env, places) });
  const mirror = createMirror({ path: places.mirror, run, spec });
  const asked = `${shownUrl(spec.url)} ${describe(spec.ref)}`;
  const review = createReview({ spec, places, mirror, run, id });
  const mending = createMending();
  const closing = new AbortController();
  const inTurn = oneByOne();
  let prepared = false;
  let giveUp = (): void => {};
  let version: GitVersion | null = null;
  let mended = false;
  let record = await readRecord(places.record);
  /** Null: nothing is there, or what is there is not as its commit has it. */
  let revision = await currentRevision(places);
  /** The one that the link leads to, if it cannot be brought back to what it was. */
  let damaged: string | null = null;
  let next: { applied: string | null; readonly signals: (AbortSignal | undefined)[]; readonly done: Promise<Synced> } | null = null;

  const ports = (signal: AbortSignal) => ({ places, run, signal, id });
  const now = (): string => new Date(clock.now()).toISOString();
  const rootOf = (): string | null => (revision === null ? null : places.current);

  return {
    get doc() {
      return document(spec, record, revision);
    },
    get root() {
      return rootOf();
    },
    sync({ applied, signal }) {
      if (next !== null) {
        next.applied = applied;
        next.signals.push(signal);
        return next.done;
      }
      const signals = [signal];
      const done = inTurn(() => {
        const mine = next;
        next = null;
        const wish = unwantedBy(signals, closing.signal);
        giveUp = wish.giveUp;
        return sync(mine?.applied ?? null, wish.signal).finally(wish.dispose);
      });
      next = { applied, signals, done };
      return done;
    },
    restore(to) {
      // Whoever goes back does not want what a look under way may bring.
      giveUp();
      return inTurn(() => restore(to));
    },
    async blame(file, line) {
      if (revision === null) return null;
      const told = blame(mirror, places, { revision, file, line, signal: closing.signal });
      return told.catch(() => null);
    },
    async close() {
      closing.abort();
      await inTurn(async () => {});
    },
  };

  async function sync(applied: string | null, signal: AbortSignal): Promise<Synced> {
    // Somebody may have removed what is used, and all around it.
    const there = await currentRevision(places);
    if (there !== revision) prepared = false;
    revision = there === damaged ? null : there;
    const before = revision;
    mended = false;
    let problem: SourceDoc['problem'] = null;
    try {
      await whole(signal, () => lookAndUse(applied, signal)).catch((error: unknown) => {
        throw diskTrouble(error);
      });
    } catch (error) {
      // What was ended in the middle has left locks and parts.
      prepared = false;
      if (error instanceof Unwanted) return synced(before);
      if (!(error instanceof Trouble)) throw error;
      problem = problemOf(error);
    }
    const used = revision ?? there;
    if (problem !== null && used !== null) problem = (await heldTo(used, problem.message, signal)) ?? problem;
    await remember({ ...record, problem });
    return synced(before);
  }

  /** Whatever the repository says: what is used is as its commit has it, or it is not used; then returned is why not. */
  async function heldTo(used: string, why: string, signal: AbortSignal): Promise<SourceDoc['problem']> {
    try {
      await mend(used, signal);
      [revision, damaged] = [used, null];
      return null;
    } catch (error) {
      prepared = false;
      if (error instanceof Unwanted) return null;
      if (error instanceof BrokenMirror) {
        // The next look fetches it anew.
        review.forget();
        await discardMirror(places, id);
      }
      log.warn({ err: error, revision: used }, 'the files of the checkout are not, or cannot be shown to be, those of its commit');
      [revision, damaged] = [null, used];
      const what = `files of ${used.slice(0, 12)} were changed or removed below ${places.checkouts}, and cannot be brought back`;
      return problemOf(new Trouble('damaged', `${what}: ${why}`, used));
    }
  }

  async function mend(used: string, signal: AbortSignal): Promise<void> {
    if (!(await mending.mend(used, { ...ports(signal), ready, files: () => review.filesOf(used) }))) return;
    mended = true;
    log.warn({ revision: used, source: asked }, 'files of the checkout were not as the commit has them; they are again');
  }

  function synced(before: string | null): Synced {
    return { doc: document(spec, record, revision), root: rootOf(), moved: mended || revision !== before };
  }

  async function lookAndUse(applied: string | null, signal: AbortSignal): Promise<void> {
    const token = await readToken(spec.credentials?.token, options.secret);
    const late = new AbortController();
    const timer = clock.after(spec.timeout, () => late.abort());
    const reach = { token, signal, late: late.signal };
    const known = record.used.find((used) => used.revision === revision && used.asked === asked);
    const reviewed = await review({
      reach,
      since: known?.revision ?? null,
      // Who writes another url or ref into the host's own file means just that.
      applied: record.used.some((used) => used.revision === applied && used.asked !== asked) ? null : applied,
      version: version ?? [0, 0],
      answered: () => {
        record = { ...record, fetchedAt: now() };
      },
    }).finally(() => timer.cancel());
    await use({ ...reviewed, asked }, signal);
  }

  /** What is used, is kept, and then switched to; whatever ends it in between, one of the two is there, whole. */
  async function use({ revision: to, files, ...found }: Reviewed & { asked: string }, signal: AbortSignal): Promise<void> {
    const isNew =
      to !== revision &&
      (await checkOut(to, await files(), ports(signal)).catch((error: unknown) => {
        if (!(error instanceof Trouble)) throw error;
        const trouble = new Trouble(error.code, error.message, to);
        review.refuse(trouble);
        throw trouble;
      }));
    // One that is used, or was before, may have been changed since.
    if (isNew) await mending.sees(to, places);
    else await mend(to, signal);
    const was = record.used.find((used) => used.revision === to);
    const since = to === revision && was !== undefined ? was.since : now();
    const used: Used = { revision: to, ...found, since };
    const grown = withUsed(record, used, revisions);
    if (JSON.stringify(grown.used) !== JSON.stringify(record.used)) {
      await mirror.keep(grown.used.map((each) => each.revision));
      await remember(grown);
    }
    if (to === revision) return;
    if (signal.aborted) throw new Unwanted('ended');
    await change(to);
  }

  async function change(to: string): Promise<void> {
    await switchTo(to, places, id());
    log.info({ from: revision, to, source: asked }, 'the files of another commit are used');
    [revision, damaged] = [to, null];
    const last = record.used.slice(-keptCheckouts).map((used) => used.revision);
    await pruneCheckouts(places, [to, ...last], id);
  }

  async function restore(to: string): Promise<boolean> {
    if (to === revision) {
      const problem = await heldTo(to, 'its commit is not here any more', closing.signal);
      if (problem !== null) await remember({ ...record, problem });
      return problem === null;
    }
    const was = record.used.find((used) => used.revision === to);
    if (was === undefined) return false;
    try {
      await ready();
      if (!(await mirror.has(to))) return false;
      await use({ ...was, files: () => review.filesOf(to) }, closing.signal);
      return true;
    } catch (error) {
      const why = diskTrouble(error);
      if (!(why instanceof BrokenMirror || why instanceof Unwanted || why instanceof Trouble)) throw error;
      log.warn({ err: why, revision: to }, 'a revision cannot be gone back to');
      return false;
    }
  }

  async function ready(): Promise<void> {
    version ??= await checkGit(run, spec);
    if (!prepared) await prepare(places, run, version, id);
    else if (places.isOpen) await requireOwnFolder(places.checkouts);
    prepared = true;
  }

  /** A mirror that git cannot read any more is made anew, once. */
  async function whole(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    try {
      await ready();
      await work();
    } catch (error) {
      if (!(error instanceof BrokenMirror)) throw error;
      log.warn({ err: error, source: asked }, 'the copy of the repository is broken; it is fetched anew');
      prepared = false;
      review.forget();
      await discardMirror(places, id);
      if (signal.aborted) throw new Unwanted('ended');
      await ready();
      await work().catch((again: unknown) => {
        throw again instanceof BrokenMirror ? new Trouble('disk', `git cannot read what it fetched: ${again.message}`) : again;
      });
    }
  }

  /** Said only when it is on the disk, for what follows from it is said at once then. */
  async function remember(changed: SourceRecord): Promise<void> {
    await writeRecord(places.record, changed, id().replaceAll('/', '-')).catch((error: unknown) => {
      log.warn({ err: error }, 'what is known of the source is not on the disk');
    });
    record = changed;
  }

  function problemOf({ code, message, revision: about }: Trouble): SourceDoc['problem'] {
    const was = record.problem;
    const since = was !== null && was.code === code && was.revision === about ? was.since : now();
    if (was?.message !== message) log.warn({ source: asked, problem: code, revision: about }, message);
    return { code, message, since, revision: about };
  }
}
