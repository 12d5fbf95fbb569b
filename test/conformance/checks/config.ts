import type { Check } from '../check.ts';
import { fixture, type World } from '../world.ts';

export const config: Check[] = [
  {
    title: 'A changed config is taken where the module runs, and is frozen too; the object of before is as it was',
    observe: (world) => changed(world, { limit: 5 }),
    expected: { action: 'reconfigure', status: 'ok', same: true, config: { limit: 5 }, atStart: { limit: 1 }, seen: [[5, true, true]] },
  },
  {
    title: 'A config that the module throws at is taken back, and the change is reverted',
    observe: (world) => changed(world, { limit: 11 }),
    expected: {
      action: 'reconfigure',
      status: 'reverted',
      same: true,
      config: { limit: 1 },
      atStart: { limit: 1 },
      seen: [[11, true, true]],
    },
  },
  {
    title: 'A config that the module rejects later is taken back too',
    observe: (world) => changed(world, { limit: 12, late: true }),
    expected: {
      action: 'reconfigure',
      status: 'reverted',
      same: true,
      config: { limit: 1 },
      atStart: { limit: 1 },
      seen: [[12, true, true]],
    },
  },
  {
    title: 'A module without a function for it is reloaded with the changed config',
    async observe({ declare, view }) {
      const entry = (limit: number) => ({ 'host.fixed': { module: fixture('twin.ts'), config: { limit } } });
      await declare(entry(1));
      const before = await view('host.fixed');
      const { changes } = await declare(entry(2));
      const after = await view('host.fixed');
      await declare({ 'host.fixed': null });
      return [changes[0]?.action, changes[0]?.status, before?.startedAt === after?.startedAt];
    },
    expected: ['reload', 'ok', false],
  },
];

async function changed({ ask, declare, view }: World, next: object): Promise<unknown> {
  const entry = (config: object) => ({ 'host.tunable': { module: fixture('tunable.ts'), config } });
  await declare(entry({ limit: 1 }));
  const before = await view('host.tunable');
  const { changes } = await declare(entry(next));
  const after = await view('host.tunable');
  const seen = await ask<object>('host.tunable.config');
  await declare({ 'host.tunable': null });
  const [change] = changes;
  return { action: change?.action, status: change?.status, same: before?.startedAt === after?.startedAt, ...seen };
}
