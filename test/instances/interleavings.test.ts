import { expect, test } from 'vitest';
import { mayMove } from '../../src/instances/lifecycle.ts';
import type { InstanceEvent } from '../../src/model/instances.ts';
import type { State } from '../../src/model/module.ts';
import type { Behaviour } from '../support/fake-driver.ts';
import { fc } from '../support/properties.ts';
import { type Bench, code, createBench, createServices } from './bench.ts';

const name = fc.constantFrom('a', 'b');
const behaviour: fc.Arbitrary<Behaviour> = fc.record(
  {
    readyAfter: fc.constantFrom<number | 'never'>(0, 100, 40_000, 'never'),
    failStart: fc.constant('no'),
    exitAfter: fc.constantFrom(0, 50, 20_000),
    exit: fc.constantFrom<NonNullable<Behaviour['exit']>>({ code: 0 }, { code: 1 }, { signal: 'SIGSEGV' }),
    stopAfter: fc.constantFrom<number | 'never'>(0, 300, 'never'),
    killAfter: fc.constantFrom(0, 200, 7000),
    reconfigurable: fc.boolean(),
    refuseConfig: fc.constantFrom('no', 'hang'),
    saves: fc.constant('state'),
    refuseSave: fc.constantFrom('no', 'hang'),
  },
  { requiredKeys: [] },
);
const step = fc.oneof(
  fc.record({
    do: fc.constantFrom('load' as const, 'replace' as const, 'reconfigure' as const),
    name,
    arg: fc.integer({ min: 0, max: 2 }),
    byHand: fc.boolean(),
    force: fc.boolean(),
    hosted: fc.boolean(),
    strategy: fc.constantFrom('replace', 'overlap'),
  }),
  fc.record({ do: fc.constantFrom('remove' as const, 'halt' as const), name, cancel: fc.boolean() }),
  fc.record({ do: fc.constant('rename' as const), name }),
  fc.record({ do: fc.constantFrom('exit' as const, 'finalize' as const), name }),
  fc.record({ do: fc.constant('advance' as const), ms: fc.constantFrom(0, 1, 100, 1000, 10_000, 60_000) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

test('in any interleaving of calls, ends and time every move is legal and a name has one live instance, or two in an overlap', async () => {
  const property = fc.asyncProperty(
    fc.array(behaviour, { minLength: 1, maxLength: 8 }),
    fc.array(step, { maxLength: 30 }),
    async (ways, steps) => {
      let starts = 0;
      const services = createServices();
      const bench = createBench(() => ways[starts++ % ways.length] ?? {}, { services });
      const calls: Promise<unknown>[] = [];
      const seen = watch(bench);
      for (const one of steps) {
        calls.push(perform(bench, one).catch((error) => expect(error).toHaveProperty('code')));
        check(bench, seen);
        await bench.clock.flush();
        check(bench, seen);
      }
      const disposed = bench.instances.dispose();
      await bench.clock.advance(60_000);
      await disposed;
      await Promise.all(calls);
      expect(bench.driver.live()).toEqual([]);
      // Nobody is left to wait for what is over.
      for (const one of ['a', 'b']) expect(services.told.findLast((told) => told.endsWith(`park ${one}`)) ?? 'unpark').toMatch(/^unpark/);
      expect([...bench.instances.snapshot().values()].filter(({ state }) => state !== 'E')).toEqual([]);
      expect(bench.clock.pending()).toBe(0);
    },
  );
  await fc.assert(property, { numRuns: 300 });
});

async function perform({ instances, driver, clock }: Bench, one: Step): Promise<unknown> {
  switch (one.do) {
    case 'load':
    case 'replace':
    case 'reconfigure': {
      const fields = {
        args: one.do === 'reconfigure' ? [] : [String(one.arg)],
        config: { n: one.arg },
        reload: { strategy: one.strategy },
        ...(one.hosted && one.name === 'b' ? { service: 'a' } : {}),
      };
      const target = code(one.name, fields, one.byHand ? 'manual' : 'config');
      if (one.do === 'replace') return instances.replace(one.name, target, { force: one.force });
      return one.do === 'load' ? instances.load(target) : instances.reconfigure(one.name, target);
    }
    case 'remove':
    case 'halt':
      return instances[one.do](one.name, { cancel: one.cancel });
    case 'rename':
      return instances.rename(one.name, code(one.name === 'a' ? 'b' : 'a'));
    case 'exit':
      for (const start of driver.live()) if (start.name === one.name) start.exit({ code: 1 });
      return undefined;
    case 'finalize':
      for (const start of driver.live()) if (start.name === one.name) start.hooks.finalizing();
      return undefined;
    case 'advance':
      return clock.advance(one.ms);
  }
}

/** The state of each name by the events alone, every move of it checked. */
function watch({ instances }: Bench): Map<string, State> {
  const seen = new Map<string, State>();
  instances.on((event: InstanceEvent) => {
    if (event.type !== 'state') return;
    expect(seen.get(event.name) ?? null).toBe(event.from);
    const renamed = event.reason.startsWith('renamed');
    expect(renamed || mayMove(event.from, event.to), `${event.from} -> ${event.to}`).toBe(true);
    if (event.to === null) seen.delete(event.name);
    else seen.set(event.name, event.to);
  });
  return seen;
}

function check({ instances, driver }: Bench, seen: ReadonlyMap<string, State>): void {
  const states = new Map([...instances.snapshot()].map(([key, { state }]) => [key, state]));
  expect(states).toEqual(seen);
  const count = new Map<string, number>();
  for (const start of driver.live()) count.set(start.name, (count.get(start.name) ?? 0) + 1);
  for (const [one, runs] of count) {
    expect(['I', 'R', 'F']).toContain(states.get(one));
    expect(runs).toBeLessThanOrEqual(2);
  }
}
