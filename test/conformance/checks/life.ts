import { join } from 'node:path';
import { until } from '../../support/place.ts';
import type { Check } from '../check.ts';
import { fixture, type World } from '../world.ts';

export const life: Check[] = [
  {
    title: 'Requests to a module that is not running yet wait, and are answered once it runs',
    async observe(world) {
      const { ask, declare, place, view } = world;
      const gate = gateOf(world, 'slowly');
      const loading = declare({ 'host.slowly': { module: fixture('starts-slowly.ts'), config: { gate } } });
      await until(async () => (await view('host.slowly'))?.state === 'I', 'it is starting');
      const asked = [1, 2, 3].map((payload) => ask('host.slowly.answers', payload));
      await until(async () => (await view('host.slowly'))?.queued === 3, 'three requests are waiting');
      await place.write('slowly.gate', '');
      const answers = await Promise.all(asked);
      await loading;
      await declare({ 'host.slowly': null });
      return answers;
    },
    expected: [1, 2, 3].map((payload) => ({ payload, running: true, early: 'asked before it runs' })),
  },
  {
    title: 'A module that is ready runs, though main has work to do',
    async observe(world) {
      const { ask, declare, place, view } = world;
      const gate = gateOf(world, 'early');
      await declare({ 'host.early': { module: fixture('ready-early.ts'), config: { gate } } });
      const seen = [(await view('host.early'))?.state, await ask('host.early.working')];
      await place.write('early.gate', '');
      await until(async () => (await ask('host.early.working')) === false, 'its work is done');
      await declare({ 'host.early': null });
      return seen;
    },
    expected: ['R', true],
  },
  {
    title: 'A module that is told to stop answers what it has begun, and new requests get ENOSYS',
    async observe(world) {
      const { ask, declare, place, refusal, view } = world;
      const gate = gateOf(world, 'stops');
      await declare({ 'host.stops': { module: fixture('stops-slowly.ts'), config: { gate } } });
      const begun = ask('host.stops.slow');
      await ask('host.stops.hello');
      const removal = declare({ 'host.stops': null });
      await until(async () => (await view('host.stops'))?.state === 'F', 'it is finalizing');
      const [fresh, ofModule] = [await refusal('host.stops.hello'), await ask<{ code: string }>('peer.ask', { topic: 'host.stops.hello' })];
      await place.write('stops.gate', '');
      const answer = await begun;
      await removal;
      return [answer, fresh.code, ofModule.code, (await view('host.stops')) ?? 'gone', (await refusal('host.stops.hello')).code];
    },
    expected: [{ finalizing: true, abortedMeanwhile: true }, 'ENOSYS', 'ENOSYS', 'gone', 'ENOSYS'],
  },
  {
    title: 'Shutdown functions run last first and are awaited, then the signal is aborted and run resolves; one that throws stops nothing',
    async observe({ declare, logs }) {
      await declare({ 'host.order': { module: fixture('stops-in-order.ts') } });
      const { changes } = await declare({ 'host.order': null });
      const lines = (await logs('host.order')).filter((line) => /aborted: /.test(line) || line.includes('third registered'));
      return [
        changes[0]?.status,
        ...lines.map((line) => (line.includes('third registered') ? 'third registered threw' : line)).filter(unlikeLast),
      ];
    },
    expected: [
      'ok',
      'third registered threw',
      'second registered, aborted: false',
      'first registered, aborted: false',
      'signal, aborted: true',
      'run resolved, aborted: true',
      'main ends, aborted: true',
    ],
  },
  {
    title: 'A module that does not stop is ended after its stopTimeout, and its neighbour runs on',
    async observe({ ask, declare, view }) {
      await declare({ 'rough.hangs': { module: fixture('hangs-at-stop.ts'), stopTimeout: '200ms' } });
      await ask('rough.hangs.hello');
      const { changes } = await declare({ 'rough.hangs': null });
      return [changes[0]?.status, (await view('rough.hangs')) ?? 'gone', await ask('rough.hello')];
    },
    expected: ['ok', 'gone', 'from the neighbour'],
  },
  {
    title: 'A module that is removed acts no more, though it did not end its timers',
    async observe({ ask, declare }) {
      await declare({ 'rough.ticks': { module: fixture('ticks.ts') } });
      const heard = () => ask<unknown[]>('peer.heard');
      await until(async () => (await heard()).length > 0, 'it ticks');
      await declare({ 'rough.ticks': null });
      await heard(); // what was under way
      await new Promise((resolve) => setTimeout(resolve, 50)); // ticks that must not come
      return heard();
    },
    expected: [],
  },
  {
    title: 'The signal of a request is aborted when the module that asked is gone, and who was asked hears its name',
    async observe({ ask, declare }) {
      await declare({ 'host.asks': { module: fixture('asks-and-goes.ts') } });
      await declare({ 'host.asks': null });
      const aborted = await ask('host.probe.aborted', 'of a module that goes');
      await until(async () => (await ask<string[]>('host.probe.gone')).includes('host.asks'), 'it has heard who is gone');
      return aborted;
    },
    expected: 'aborted',
  },
  {
    title: 'A rename keeps the instance, which knows its new name and is asked by it',
    async observe({ ask, declare, refusal, view }) {
      const module = fixture('twin.ts');
      await declare({ 'host.before': { module } });
      await ask('host.before.add');
      const { startedAt } = (await view('host.before')) ?? {};
      await declare({ 'host.before': null, 'host.behind': { module, renamedFrom: 'host.before' } });
      const seen = [await ask('host.behind.add'), await ask('host.behind.name'), (await refusal('host.before.name')).code];
      const same = (await view('host.behind'))?.startedAt === startedAt;
      await declare({ 'host.behind': null });
      return [...seen, same];
    },
    expected: [2, 'host.behind', 'ENOSYS', true],
  },
];

const gateOf = ({ place }: World, name: string): string => join(place.dir, `${name}.gate`);

/** An error is written with its stack, whose lines say it again. */
const unlikeLast = (line: string, index: number, all: readonly string[]): boolean => line !== all[index - 1];
