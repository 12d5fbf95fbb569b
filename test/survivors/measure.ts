import { expect } from 'vitest';
import { createPlace, isAlive, killQuietly, type Place, until } from '../support/place.ts';
import { commandOf, type Instance, instances, isWhole, processes, type Shape, shapeNames } from './instances.ts';
import type { Setup } from './setups.ts';

/** What is done, in this order; `counted` is what is wrong with a program then. */
export const faults = {
  removed: { text: 'module removed', counted: 'left' },
  keeperKilled: { text: 'keeper killed', counted: 'changed' },
  keeperKilledDown: { text: '… then down', counted: 'left' },
  replaced: { text: 'daemon replaced', counted: 'changed' },
  daemonKilled: { text: 'daemon killed', counted: 'left' },
  daemonKilledUp: { text: '… then up', counted: 'doubled' },
  down: { text: 'daemon stopped', counted: 'left' },
  bothKilled: { text: 'both killed', counted: 'left' },
  bothKilledUp: { text: '… then up', counted: 'doubled' },
  kept: { text: 'kept: daemon killed, then up', counted: 'changed' },
  keptDown: { text: '… then down', counted: 'left' },
} as const satisfies Record<string, { text: string; counted: keyof typeof count }>;

export type Fault = keyof typeof faults;
export type Counts = Record<Shape, number>;

/** Processes that are not as they should be, by shape of program. */
export type Count = () => Counts;

/** Waits until a fault has had its effect, and counts. */
export type Settle = (count: Count, fault: Fault) => Promise<Counts>;

/** Looked at from the programs that were there before the fault. */
const count = {
  /** Of those of before whatever lives. */
  left: (before, now) => lives(ofBefore(before, now)),
  /** Of those of before whatever lives, and what is too many or too few of others. */
  doubled: (before, now) => lives(ofBefore(before, now)) + Math.abs(1 - now.filter(isNew(before)).length),
  /** What is not of those of before, and what of these does not live. */
  changed: (before, now) => 1 - ofBefore(before, now).filter(isWhole).length + lives(now.filter(isNew(before))),
} satisfies Record<string, (before: readonly Instance[], now: readonly Instance[]) => number>;

/** Starts a daemon with a program of each shape, does all that is to be done to it, and counts what each left. */
export async function measure({ containment, through }: Setup, settle: Settle): Promise<Record<Fault, Counts>> {
  await using place = await createPlace();
  const mark = place.dir;
  const results: Partial<Record<Fault, Counts>> = {};
  let before: Instance[] = [];

  try {
    await configure(place, {});
    await up();
    for (const module of await place.list()) expect(module.containment, `what setups ${module.name}`).toBe(containment);
    before = await started();
    await ask('remove', ...shapeNames);
    await look('removed');

    await clear();
    await ask('reload');
    before = await started();
    const keeper = await keeperNow();
    process.kill(keeper, 'SIGKILL');
    await until(() => ![null, keeper].includes(keeperOf(place)), 'another keeper is there');
    await look('keeperKilled');
    await ask('down');
    await look('keeperKilledDown');

    await clear();
    await up();
    before = await started();
    await up('--replace');
    await look('replaced');
    await place.kill();
    await look('daemonKilled');
    await up();
    await look('daemonKilledUp');
    await clear();
    before = await started();
    await ask('down');
    await look('down');

    await clear();
    await up();
    before = await started();
    const both = [await place.pid(), await keeperNow()];
    // At the same moment: neither notices that the other is gone.
    for (const signal of ['SIGSTOP', 'SIGKILL'] as const) for (const pid of both) process.kill(pid, signal);
    await until(() => !both.some(isAlive), 'both are gone');
    await look('bothKilled');
    await up();
    await look('bothKilledUp');

    await clear();
    await configure(place, { onDaemonDeath: 'keep' });
    await ask('reload');
    before = await started();
    await place.kill();
    await up();
    await look('kept');
    await ask('down');
    await look('keptDown');
    return results as Record<Fault, Counts>;
  } finally {
    await place.muster('down');
    before = instances(mark);
    await clear();
  }

  async function up(...options: string[]): Promise<void> {
    const ran = await place.musterWith({ through }, 'up', '-d', '-c', 'muster.yaml', ...options);
    if (ran.code !== 0) throw new Error(`up exited ${ran.code}: ${ran.stderr}`);
  }

  async function ask(...args: string[]): Promise<void> {
    const ran = await place.muster(...args);
    if (ran.code !== 0) throw new Error(`${args.join(' ')} exited ${ran.code}: ${ran.stderr}`);
  }

  async function keeperNow(): Promise<number> {
    await until(() => keeperOf(place) !== null, 'a keeper is there');
    return keeperOf(place) as number;
  }

  /** All programs, when they have started what they start. */
  async function started(): Promise<Instance[]> {
    let all: Instance[] = [];
    const isThere = (shape: Shape): boolean => all.some((each) => each.shape === shape);
    await until(
      () => {
        all = instances(mark);
        return all.every(isWhole) && shapeNames.every(isThere);
      },
      'all run',
      30_000,
    );
    return all;
  }

  async function look(fault: Fault): Promise<void> {
    const how = count[faults[fault].counted];
    results[fault] = await settle(() => {
      const now = instances(mark);
      const counted = shapeNames.map((shape) => [shape, how(before.filter(isOf(shape)), now.filter(isOf(shape)))]);
      return Object.fromEntries(counted) as Counts;
    }, fault);
  }

  /** Ends what a fault has left, so that the next one is not charged with it. */
  async function clear(): Promise<void> {
    await until(() => {
      const left = ofBefore(before, instances(mark));
      for (const pid of left.flatMap(({ pids }) => pids)) killQuietly(pid);
      return left.length === 0;
    }, 'what was left is gone');
  }
}

const isOf =
  (shape: Shape) =>
  (instance: Instance): boolean =>
    instance.shape === shape;

const isNew =
  (before: readonly Instance[]) =>
  ({ program }: Instance): boolean =>
    !before.some((old) => old.program === program);

const ofBefore = (before: readonly Instance[], now: readonly Instance[]): Instance[] => now.filter((each) => !isNew(before)(each));

/** A child that hands on to the next counts as one, whoever it is just now. */
const lives = (all: readonly Instance[]): number => all.reduce((sum, { leads, child }) => sum + Number(leads) + Number(child), 0);

function configure(place: Place, more: object): Promise<string> {
  const modules = shapeNames.map((shape) => [shape, { command: commandOf(shape, place.dir), stopTimeout: '500ms', ...more }]);
  return place.write('muster.yaml', JSON.stringify({ version: 1, policy: { watch: 'off' }, modules: Object.fromEntries(modules) }));
}

/** Its arguments name the state dir; null if there is none. */
function keeperOf({ stateDir }: Place): number | null {
  const found = processes().find(([, args]) => args.some((arg, index) => arg.endsWith('/keeper.cjs') && args[index + 1] === stateDir));
  return found?.[0] ?? null;
}
