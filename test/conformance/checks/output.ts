import { until } from '../../support/place.ts';
import type { Check } from '../check.ts';
import type { World } from '../world.ts';

export const output: Check[] = [
  {
    title: 'console and the standard streams of a module go to its own log',
    async observe(world) {
      await world.ask('host.probe.print', 'now');
      return written(world, 'now', 6);
    },
    expected: {
      own: ['by console.error', 'by console.info', 'by console.log 7 { a: 1 }', 'by console.warn', 'by stderr', 'by stdout'],
      beside: 0,
    },
  },
  {
    title: 'What is printed later, by timers and promises, goes to the log of the module that began it',
    async observe(world) {
      await world.ask('host.probe.printLater', 'later');
      return written(world, 'later', 5);
    },
    expected: { own: ['in a microtask', 'in a promise', 'in a tick', 'in a timer', 'in an immediate'], beside: 0 },
  },
  {
    title: 'What is printed at an event goes to the log of the module that hears it',
    async observe(world) {
      await world.ask('peer.tell', [['print.now', 'event']]);
      return written(world, 'event', 1);
    },
    expected: { own: ['at an event'], beside: 0 },
  },
  {
    title: 'The log of the context knows four levels',
    async observe(world) {
      await world.ask('host.probe.log', 'leveled');
      const own = () => leveled(world, 'leveled');
      await until(async () => (await own()).length === 4, 'four lines are in the log');
      return own();
    },
    expected: [
      'stderr error leveled error',
      'stderr warn leveled warn',
      'stdout debug leveled debug',
      'stdout info leveled info { a: [ 1 ] }',
    ],
  },
  {
    title: 'A module says how it is, at four levels; an error stays until a later one, or an override',
    async observe({ ask, view }) {
      const seen: unknown[] = [];
      const said = [
        ['core'],
        ['info'],
        ['warn'],
        ['error'],
        ['info'],
        ['error', {}, 'again'],
        ['warn'],
        ['warn', { override: true }],
        ['core'],
      ];
      for (const [level, options, word = 'one'] of said) {
        await ask('host.probe.status', [level, `${word} ${level}`, options]);
        const { status } = (await view('host.probe')) ?? {};
        seen.push(`${status?.level}: ${status?.message}`);
      }
      return seen;
    },
    expected: [
      'core: one core',
      'info: one info',
      'warn: one warn',
      'error: one error',
      'error: one error',
      'error: again error',
      'error: again error',
      'warn: one warn',
      'core: one core',
    ],
  },
];

/** Lines with this mark in the own log, without it, sorted, for the two streams come as they like; and how many the neighbour has. */
async function written({ logs }: World, mark: string, count: number): Promise<unknown> {
  const marked = async (name: string) => (await logs(name)).filter((line) => line.startsWith(`${mark} `));
  await until(async () => (await marked('host.probe')).length >= count, `${count} lines are in the log`);
  const own = (await marked('host.probe')).map((line) => line.slice(mark.length + 1)).sort();
  return { own, beside: (await marked('host')).length };
}

async function leveled({ muster }: World, mark: string): Promise<string[]> {
  const records = await muster('logs', { names: ['host.probe'] });
  return records
    .filter(({ text }) => text.includes(mark))
    .map(({ stream, level, text }) => `${stream} ${level} ${text}`)
    .sort();
}
