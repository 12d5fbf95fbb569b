import type { ModuleStats } from '../../../src/model/documents.ts';
import type { Check } from '../check.ts';
import { fixture, type World } from '../world.ts';

interface Stats {
  tx: Record<string, number>;
  rx: Record<string, number>;
  [own: string]: unknown;
}

const methods = ['ping', 'stats', 'statsClear', 'debug', 'rusage', 'shutdown'];

export const builtins: Check[] = [
  {
    title: 'A module is pinged though its author wrote nothing for it',
    observe: async ({ ask }) => {
      await ask('host.counted.ping');
      return 'answered';
    },
    expected: 'answered',
  },
  {
    title: 'Requests and responses are counted on both sides',
    async observe(world) {
      const before = await stats(world);
      await world.ask('host.counted.hello');
      await world.ask('host.counted.ask');
      const after = await stats(world);
      return grown(before, after, ['rx.request', 'tx.response', 'tx.request', 'rx.response']);
    },
    // The second request for the counters counts too.
    expected: { 'rx.request': 3, 'tx.response': 3, 'tx.request': 1, 'rx.response': 1 },
  },
  {
    title: 'Events are counted on both sides',
    async observe(world) {
      const before = await stats(world);
      await world.ask('host.counted.tell');
      await world.ask('peer.tell', [
        ['counted.one', 1],
        ['counted.two', 2],
      ]);
      const counts = async () => grown(before, await stats(world), ['tx.event', 'rx.event']);
      let seen = await counts();
      for (let look = 0; look < 1000 && seen['rx.event'] !== 2; look++) seen = await counts();
      return seen;
    },
    expected: { 'tx.event': 1, 'rx.event': 2 },
  },
  {
    title: 'What the module adds stands beside its counters',
    observe: async (world) => {
      const { tx, rx, rooms, deep } = await stats(world);
      return [Object.keys(tx).sort(), Object.keys(rx).sort(), rooms, deep];
    },
    expected: [['control', 'event', 'request', 'response'], ['control', 'event', 'request', 'response'], 2, { list: [1] }],
  },
  {
    title: 'muster stats tells the same as the module',
    async observe({ muster }) {
      const { rooms, tx } = (await muster('stats', { name: 'host.counted' })) as ModuleStats;
      return [rooms, typeof tx?.request];
    },
    expected: [2, 'number'],
  },
  {
    title: 'Counters begin anew when they are cleared',
    async observe(world) {
      for (let times = 0; times < 5; times++) await world.ask('host.counted.hello');
      await world.ask('host.counted.statsClear');
      const { rx, tx } = await stats(world);
      return [(rx.request ?? 9) <= 2, (tx.response ?? 9) <= 2, tx.event];
    },
    expected: [true, true, 0],
  },
  {
    title: 'An onStats that throws takes nothing from the counters',
    async observe(world) {
      await world.ask('host.counted.spoilStats');
      const { rx, rooms } = await stats(world);
      return [typeof rx.request, rooms ?? 'none'];
    },
    expected: ['number', 'none'],
  },
  {
    title: 'Debug flags are set, added to, taken from and cleared, and the module sees them',
    async observe({ ask, muster }) {
      const seen: unknown[] = [await ask('host.counted.flags')];
      const operations = [
        ['setbit', 0x10000],
        ['set', 0xff00],
        ['clearbit', 0x1000],
        ['clear', undefined],
      ] as const;
      for (const [op, flags] of operations) {
        const { flags: now } = await muster('debug', { name: 'host.counted', op, ...(flags === undefined ? {} : { flags }) });
        seen.push([now, await ask('host.counted.flags')]);
      }
      return seen;
    },
    expected: [0, [0x10000, 0x10000], [0xff00, 0xff00], [0xef00, 0xef00], [0, 0]],
  },
  {
    title: 'Debug flags are asked of the module itself too',
    async observe({ ask }) {
      const set = await ask('host.counted.debug', { op: 'set', flags: 5 });
      const read = await ask('host.counted.debug');
      await ask('host.counted.debug', { op: 'clear' });
      return [set, read];
    },
    expected: [{ flags: 5 }, { flags: 5 }],
  },
  {
    title: 'A module tells its use of resources',
    async observe({ ask }) {
      const { utime, stime, maxrss } = await ask<Record<string, unknown>>('host.counted.rusage');
      return [typeof utime, typeof stime, typeof maxrss];
    },
    expected: ['number', 'number', 'number'],
  },
  {
    title: 'A module that is asked to shut down ends well',
    async observe({ ask, declare, muster, view }) {
      await declare({ 'host.shut': { module: fixture('twin.ts'), restart: { policy: 'never' } } });
      await ask('host.shut.shutdown');
      const ended = await untilEnded(() => view('host.shut'));
      await muster('remove', { names: ['host.shut'] });
      await declare({ 'host.shut': null });
      return ended;
    },
    expected: { state: 'E', failed: false },
  },
  ...methods.map(
    (method): Check => ({
      title: `A handler of the module for ${method} takes the place of that of muster`,
      observe: ({ ask }) => ask(`host.own.${method}`),
      expected: { own: method },
    }),
  ),
];

const stats = ({ ask }: World) => ask<Stats>('host.counted.stats');

function grown(before: Stats, after: Stats, paths: readonly string[]): Record<string, number> {
  const at = (stats: Stats, path: string) => {
    const [side = '', kind = ''] = path.split('.');
    return Number((stats[side] as Record<string, number>)[kind]);
  };
  return Object.fromEntries(paths.map((path) => [path, at(after, path) - at(before, path)]));
}

async function untilEnded(look: () => Promise<{ state: string; failed: boolean } | undefined>): Promise<unknown> {
  for (let times = 0; times < 1000; times++) {
    const seen = await look();
    if (seen?.state === 'E') return { state: seen.state, failed: seen.failed };
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return 'it runs on';
}
