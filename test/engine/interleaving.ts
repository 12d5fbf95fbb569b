import { reload } from '../../src/engine/commands.ts';
import { heldNames, hold, release, stop } from '../../src/engine/holds.ts';
import { load } from '../../src/engine/load.ts';
import { remove } from '../../src/engine/remove.ts';
import { MusterError } from '../../src/model/error.ts';
import type { Desired } from '../../src/model/module.ts';
import { createEngineBench, type EngineBench, module } from './bench.ts';
import { createRepository } from './interleaving-source.ts';
import { seeded } from './seeded.ts';

const names = ['a', 'b', 'c', 'd'];

/** A config: the version of each module that is declared; `requires` only points to names before. */
type Config = Readonly<Record<string, { readonly version: number; readonly requires: readonly string[] }>>;

type Op =
  | { kind: 'edit' | 'save'; config: Config }
  | { kind: 'rollback' | 'holdAll' | 'releaseAll' }
  | { kind: 'load' | 'remove' | 'hold' | 'release' | 'reload' | 'stop'; name: string };

/** What can be seen when all is done. */
interface Seen {
  readonly running: readonly string[];
  readonly loaded: readonly string[];
  readonly holds: readonly string[];
}

/**
 * How an operation ended: done, or with what code it was refused; `busy`: it was not done, because another one was under way. A
 * run over all modules is no one step: it passes over names that others have changed or held meanwhile, and says so.
 */
interface End {
  readonly code: string;
  readonly passedOver: readonly string[];
}

interface Schedule {
  readonly before: readonly Config[];
  readonly ops: readonly Op[];
  /** ms between an operation and the next. */
  readonly pauses: readonly number[];
  readonly delays: readonly number[];
  /** The config is a repository's: an edit is a commit, one that is saved is found by whoever looks for commits. */
  readonly fromGit: boolean;
}

/** An engine, and where its config is written. */
interface Playground extends EngineBench {
  readonly fromGit: boolean;
  write(config: Config): void;
}

/** An operation, or one of the two that an edit is: the file, and the run. */
interface Step {
  readonly index: number;
  readonly part: 'all' | 'file' | 'run';
}

/**
 * How names that a run passed over are kept from it; `none`: what it passed over was brought there by somebody else, as by a release; `skipNamed`: also those that commands were for, for what they changed while it was under way is
 * left to the next run.
 */
type Passing = 'none' | 'skip' | 'hold' | 'skipNamed';

/** One schedule of that seed; null if what came of it is what some serial order gives, else what is wrong. */
export async function runInterleaving(seed: number): Promise<string | null> {
  const schedule = randomSchedule(seed);
  const { seen, ends } = await atOnce(schedule);
  // A command on several names that passed over some of them is several steps as well.
  if (ends.some(({ passedOver }, index) => passedOver.length > 0 && 'name' in (schedule.ops[index] as Op))) return null;
  const wanted = JSON.stringify(seen);
  const tried: string[] = [];
  const done = [...schedule.ops.keys()].filter((index) => ends[index]?.code !== 'busy');
  const passings: Passing[] = ends.some(({ passedOver }) => passedOver.length > 0) ? ['none', 'skip', 'hold', 'skipNamed'] : ['none'];
  // A file is there some time before the run that reads it; most often that makes no difference.
  for (const steps of [done.map((index): Step => ({ index, part: 'all' })), done.flatMap((index) => stepsOf(index, schedule))]) {
    for (const order of orders(steps)) {
      for (const passing of passings) {
        const text = JSON.stringify(await oneAfterTheOther(schedule, order, ends, passing));
        if (text === wanted) return null;
        tried.push(`${order.map((step) => describedStep(step, schedule)).join(', ')}: ${text}`);
      }
    }
  }
  const asked = schedule.ops
    .map((op, index) => `${described(op)} (${ends[index]?.code}${ends[index]?.passedOver.map((name) => ` without ${name}`).join('')})`)
    .join(', ');
  return [`seed ${seed}: ${asked} gave ${JSON.stringify(seen)}`, ...new Set(tried)].join('\n  ');
}

function randomSchedule(seed: number): Schedule {
  const random = seeded(seed);
  const config = (): Config =>
    Object.fromEntries(
      names.flatMap((name, index) => {
        if (!random.chance(0.75)) return [];
        return [[name, { version: random.int(3), requires: names.slice(0, index).filter(() => random.chance(0.2)) }]];
      }),
    );
  const op = (): Op => {
    const kind = random.pick([
      'edit',
      'save',
      'rollback',
      'holdAll',
      'releaseAll',
      'load',
      'remove',
      'hold',
      'release',
      'reload',
      'stop',
    ] as const);
    if (kind === 'edit' || kind === 'save') return { kind, config: config() };
    if (kind === 'rollback' || kind === 'holdAll' || kind === 'releaseAll') return { kind };
    return { kind, name: random.pick(kind === 'load' ? [...names, 'h'] : names) };
  };
  const ops = Array.from({ length: 2 + random.int(3) }, op);
  return {
    before: [config(), config()],
    ops,
    pauses: ops.map(() => random.pick([0, 0, 1, 6, 12, 30])),
    delays: Array.from({ length: 16 }, () => random.pick([0, 5, 10, 25])),
    fromGit: random.chance(0.4),
  };
}

async function atOnce(schedule: Schedule): Promise<{ seen: Seen; ends: End[] }> {
  const bench = await begun(schedule);
  const running: Promise<End>[] = [];
  for (const [index, op] of schedule.ops.entries()) {
    running.push(ended(op, 'all', bench, []));
    await bench.clock.advance(schedule.pauses[index] ?? 0);
  }
  const ends = await settled(Promise.all(running), bench);
  return { seen: seenOf(bench), ends };
}

function stepsOf(index: number, { ops }: Schedule): Step[] {
  return 'config' in (ops[index] as Op)
    ? [
        { index, part: 'file' },
        { index, part: 'run' },
      ]
    : [{ index, part: 'all' }];
}

/** Names that a run passed over were somebody else's, or held, when it came to them. */
async function oneAfterTheOther(schedule: Schedule, order: readonly Step[], ends: readonly End[], passing: Passing): Promise<Seen> {
  const bench = await begun(schedule);
  const { store } = bench.engine.context.ports;
  const named = schedule.ops.flatMap((op) => ('name' in op ? [op.name] : []));
  for (const { index, part } of order) {
    const over = passing === 'none' ? [] : (ends[index]?.passedOver ?? []);
    const before = over.map((name) => store.state.holds.get(name));
    const held = passing === 'hold' ? over : [];
    const skipped = passing === 'hold' ? [] : passing === 'skip' || over.length === 0 ? over : [...over, ...named];
    const hold = { reason: 'passed over', since: 0, until: null };
    await store.append(...held.map((name) => ({ type: 'hold' as const, hold: { name, ...hold } })));
    await settled(ended(schedule.ops[index] as Op, part, bench, skipped), bench);
    for (const [nth, name] of held.entries()) {
      const own = before[nth];
      await store.append(own === undefined ? { type: 'released', name } : { type: 'hold', hold: own });
    }
  }
  return seenOf(bench);
}

/** Two generations, so that there is one to go back to. */
async function begun({ before, delays, fromGit }: Schedule): Promise<Playground> {
  let starts = 0;
  let slow = false;
  const next = (): number => (slow ? (delays[starts++ % delays.length] ?? 0) : 0);
  const bench = await createEngineBench([], () => ({ readyAfter: next(), stopAfter: next() }));
  bench.files.policy = { watch: 'apply', maxRemovals: '100%', allowEmpty: true, interval: 0 };
  const repository = fromGit ? createRepository(bench) : null;
  const write = (config: Config): void => {
    if (repository === null) bench.files.modules = modulesOf(config);
    else repository.push(modulesOf(config));
  };
  const playground = { ...bench, fromGit, write };
  for (const config of before) {
    playground.write(config);
    await settled(ended({ kind: 'edit', config }, 'run', playground, []), bench);
  }
  slow = true;
  return playground;
}

async function settled<T>(work: Promise<T>, { clock }: EngineBench): Promise<T> {
  let over = false;
  work.then(
    () => (over = true),
    () => (over = true),
  );
  for (let turn = 0; turn < 100 && !over; turn += 1) await clock.advance(50);
  if (!over) throw new Error('it hangs');
  await clock.advance(200);
  return work;
}

async function ended(op: Op, part: Step['part'], bench: Playground, skip: readonly string[]): Promise<End> {
  try {
    if ('config' in op && part !== 'run') bench.write(op.config);
    const outcome =
      part === 'file' ? undefined : ((await perform(op, bench, skip)) as { changes?: { name: string; status?: string }[] } | undefined);
    const passedOver = (outcome?.changes ?? []).filter(({ status }) => status === 'skipped').map(({ name }) => name);
    return { code: 'done', passedOver };
  } catch (error) {
    if (!(error instanceof MusterError)) throw error;
    const isBusy = error.code === 'EBUSY' || error.message.includes('worked on');
    return { code: isBusy ? 'busy' : error.code, passedOver: [] };
  }
}

function perform(op: Op, { engine, fromGit }: Playground, skip: readonly string[]): Promise<unknown> {
  const { context, runs } = engine;
  const options = { reason: null, request: { retryFailed: true, skip } };
  switch (op.kind) {
    case 'edit':
      return runs.request({ key: 'plain', trigger: 'reload', options: { ...options, fetch: fromGit } });
    case 'save':
      if (fromGit && skip.length === 0)
        return engine.sourceDue().then(() => (context.lastReconcile?.trigger === 'source' ? context.lastReconcile : undefined));
      return runs.request({ key: 'plain', trigger: 'watch', options: { ...options, automatic: true, fetch: fromGit } });
    case 'rollback':
      return runs.request({ key: 'rollback 1', trigger: 'rollback', options: { ...options, rollback: { to: 1 } } });
    case 'load':
      return load({ target: op.name, args: [], cwd: '/' }, {}, context);
    case 'remove':
      return remove({ names: [op.name], recursive: true }, {}, context);
    case 'reload':
      return reload({ name: op.name }, {}, context);
    case 'stop':
      return stop({ names: [op.name] }, context);
    case 'hold':
      return hold({ names: [op.name], reason: 'r' }, context);
    case 'holdAll':
      return hold({ all: true, reason: 'r' }, context);
    case 'release':
      return Promise.resolve().then(() => release(heldNames({ names: [op.name] }, context), {}, context));
    case 'releaseAll':
      return Promise.resolve().then(() => release(heldNames({ all: true }, context), {}, context));
  }
}

function modulesOf(config: Config): Desired[] {
  return Object.entries(config).map(([name, { version, requires }]) =>
    module(name, { args: [`v${version}`], requires: requires.filter((other) => other in config) }),
  );
}

function seenOf({ engine, running, files }: EngineBench): Seen {
  const { instances, store } = engine.context.ports;
  const loaded = [...instances.snapshot().values()].map(({ name, state, origin }) => `${name} ${state} ${origin}`).sort();
  // One that was asked for while its module went holds nothing.
  const isThere = (name: string): boolean =>
    name === '*' || instances.get(name) !== undefined || files.modules.some((one) => one.name === name);
  const kept = [...store.state.holds.values()].filter(({ name }) => isThere(name));
  const holds = kept.map(({ name, stopped }) => `${name}${stopped === true ? ' stopped' : ''}`).sort();
  return { running: running(), loaded, holds };
}

function described(op: Op): string {
  if ('config' in op)
    return `${op.kind} ${Object.entries(op.config).map(([name, { version, requires }]) => `${name}${version}${requires.length > 0 ? `<${requires.join('')}` : ''}`)}`;
  return 'name' in op ? `${op.kind} ${op.name}` : op.kind;
}

function describedStep({ index, part }: Step, { ops }: Schedule): string {
  return `${part === 'all' ? '' : `${part} of `}${described(ops[index] as Op)}`;
}

/** All orders of these, that in which they are first; a file is there before it is read. */
function orders(steps: readonly Step[]): Step[][] {
  if (steps.length === 0) return [[]];
  return steps.flatMap((first) => {
    const rest = steps.filter((step) => step !== first);
    if (first.part === 'run' && rest.some(({ index }) => index === first.index)) return [];
    return orders(rest).map((others) => [first, ...others]);
  });
}
