import type { Result } from '../../../src/model/plan.ts';
import { until } from '../../support/place.ts';
import type { Check } from '../check.ts';
import { fixture, type World } from '../world.ts';

const saves = { module: fixture('saves.ts'), stopTimeout: '500ms', restart: { policy: 'onFailure', backoff: { initial: '10ms' } } };

export const state: Check[] = [
  {
    title: 'At a first start nothing is restored',
    observe: (world) => using(world, () => world.ask('host.saves.restored')),
    expected: 'undefined',
  },
  {
    title: 'What a module saves its next instance has, maps and dates too',
    observe: (world) => using(world, () => reloaded(world, 'well')),
    expected: { status: 'ok', same: false, state: "{ count: 1, at: Map(1) { 'a' => 1970-01-01T00:00:00.000Z } }", next: 2 },
  },
  {
    title: 'A module that saves nothing begins anew',
    observe: (world) => using(world, () => reloaded(world, 'nothing')),
    expected: { status: 'ok', same: false, state: '{ count: 0, at: Map(0) {} }', next: 1 },
  },
  {
    title: 'A module that cannot save refuses the reload and serves on',
    observe: (world) => using(world, () => reloaded(world, 'throws')),
    expected: { status: 'reverted', same: true, state: "{ count: 1, at: Map(1) { 'a' => 1970-01-01T00:00:00.000Z } }", next: 2 },
  },
  {
    title: 'A module that takes too long to save refuses the reload and serves on',
    observe: (world) => using(world, () => reloaded(world, 'hangs')),
    expected: { status: 'reverted', same: true, state: "{ count: 1, at: Map(1) { 'a' => 1970-01-01T00:00:00.000Z } }", next: 2 },
  },
  {
    title: 'A module that saves what cannot be cloned refuses the reload and serves on',
    observe: (world) => using(world, () => reloaded(world, 'uncloneable')),
    expected: { status: 'reverted', same: true, state: "{ count: 1, at: Map(1) { 'a' => 1970-01-01T00:00:00.000Z } }", next: 2 },
  },
  {
    title: 'A module that saves too much refuses the reload and serves on',
    observe: (world) => using(world, () => reloaded(world, 'tooMuch')),
    expected: { status: 'reverted', same: true, state: "{ count: 1, at: Map(1) { 'a' => 1970-01-01T00:00:00.000Z } }", next: 2 },
  },
  {
    title: 'By force a module is reloaded though it cannot save, and begins anew',
    observe: (world) => using(world, () => reloaded(world, 'throws', true)),
    expected: { status: 'ok', same: false, state: '{ count: 0, at: Map(0) {} }', next: 1 },
  },
  {
    title: 'After a crash nothing is restored',
    observe: (world) =>
      using(world, async () => {
        await world.ask('host.saves.add', 'a');
        await world.ask('host.saves.crash').catch(() => {});
        const again = async () => (await world.view('host.saves'))?.state === 'R' && (await world.view('host.saves'))?.restarts === 1;
        await until(again, 'it is started again');
        return world.ask('host.saves.restored');
      }),
    expected: 'undefined',
  },
  {
    title: 'Requests during a reload are all answered, those begun by the old instance and those that wait for the new one',
    observe: (world) =>
      using(world, async () => {
        const asked = (payload: string) => [
          world.ask('host.saves.slow', payload),
          world.ask<{ answer?: string }>('peer.ask', { topic: 'host.saves.slow', payload }).then((asked) => asked.answer ?? asked),
        ];
        const before = asked('before');
        await world.ask('host.saves.restored');
        const reloading = world.muster('reload', { name: 'host.saves' });
        const during: Promise<unknown>[] = [];
        let done = false;
        void reloading.finally(() => {
          done = true;
        });
        while (!done) {
          during.push(...asked('during'));
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        return [await Promise.all(before), [...new Set(await Promise.all(during))], (await reloading).exitCode];
      }),
    expected: [['before', 'before'], ['during'], 0],
  },
  {
    title: 'Two modules of one file have each their own variables',
    async observe({ ask, declare }) {
      const module = fixture('twin.ts');
      await declare({ 'host.one': { module }, 'host.two': { module } });
      const counts = [await ask('host.one.add'), await ask('host.one.add'), await ask('host.two.add')];
      await declare({ 'host.one': null, 'host.two': null });
      return counts;
    },
    expected: [1, 2, 1],
  },
];

async function using<T>({ declare }: World, use: () => Promise<T>): Promise<T> {
  await declare({ 'host.saves': saves });
  try {
    return await use();
  } finally {
    await declare({ 'host.saves': null });
  }
}

/** Reloads a module that has counted to one. */
async function reloaded({ ask, muster, view }: World, nextSave: string, force = false): Promise<unknown> {
  await ask('host.saves.add', 'a');
  await ask('host.saves.nextSave', nextSave);
  const before = await view('host.saves');
  const { changes } = (await muster('reload', { name: 'host.saves', ...(force ? { force } : {}) })) as Result;
  const after = await view('host.saves');
  return {
    status: changes[0]?.status,
    same: before?.startedAt === after?.startedAt,
    state: await ask('host.saves.state'),
    next: await ask('host.saves.add', 'a'),
  };
}
