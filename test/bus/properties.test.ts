import { expect, it } from 'vitest';
import type { Packet } from '../../src/model/bus.ts';
import { fc } from '../support/properties.ts';
import { type FakeInstance, type FakeRunner, type Heard, listener, setting, turn } from './setting.ts';

const names = ['a', 'b', 'c', 'a.x'];
const services = ['s', 't', 'a.y'];
const prefixes = [...names, ...services, 'a.x.deep', 'nobody'];

const name = fc.constantFrom(...names);
const which = fc.nat({ max: 7 });
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('attach' as const),
      name,
      provides: fc.subarray(services, { maxLength: 2 }),
      runner: fc.nat({ max: 1 }),
      asleep: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('begun' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('expect' as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('arrive' as const), which }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('ready' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('finalizing' as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('ended' as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('register' as const), which, service: fc.constantFrom(...services, ...names) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rename' as const), which, name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('update' as const), which, priority: fc.integer({ min: 0, max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('park' as const), name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('unpark' as const), name }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('absent' as const),
      name,
      why: fc.constantFrom('backingOff' as const, 'exited' as const, 'removed' as const),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('resolve' as const), which, prefix: fc.constantFrom(...prefixes) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('ask' as const), client: fc.nat({ max: 1 }), prefix: fc.constantFrom(...prefixes) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      nth: fc.nat({ max: 30 }),
      kind: fc.constantFrom('answer' as const, 'failure' as const, 'moved' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), client: fc.nat({ max: 1 }), nth: fc.nat({ max: 10 }) }) },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface Known {
  readonly instance: FakeInstance;
  readonly runner: FakeRunner;
  readonly provides: readonly string[];
  /** What it registered, until another instance of its module runs. */
  readonly registered: Set<string>;
  name: string;
  state: 'attached' | 'running' | 'finalizing' | 'ended';
}

/** What the steps work on. */
function world() {
  const { bus, runner } = setting();
  const runners = [runner(), runner()] as const;
  const clients = [bus.client(), bus.client()] as const;
  const instances: Known[] = [];
  const open: { heard: Heard; client: 0 | 1; id: number }[] = [];
  const resolves: { settled: number }[] = [];
  const expected: (() => void)[] = [];

  async function run(one: Step): Promise<void> {
    const chosen = 'which' in one ? instances[one.which % Math.max(1, instances.length)] : undefined;
    switch (one.do) {
      case 'attach': {
        const runner = runners[one.runner as 0 | 1];
        try {
          const instance = runner.attach(one.name, { provides: one.provides, asleep: one.asleep });
          instances.push({ instance, runner, name: one.name, provides: one.provides, registered: new Set(), state: 'attached' });
        } catch (error) {
          expect(error).toMatchObject({ code: 'EEXIST' });
        }
        break;
      }
      case 'begun':
        chosen?.instance.begun();
        break;
      case 'expect':
        expected.push(bus.expect(one.name));
        break;
      case 'arrive':
        expected.splice(one.which, 1)[0]?.();
        break;
      case 'ready':
        chosen?.instance.ready();
        if (chosen?.state === 'attached') {
          chosen.state = 'running';
          for (const older of instances.slice(0, instances.indexOf(chosen))) if (older.name === chosen.name) older.registered.clear();
        }
        break;
      case 'finalizing':
        chosen?.instance.finalizing();
        if (chosen !== undefined && chosen.state !== 'ended') chosen.state = 'finalizing';
        break;
      case 'ended':
        chosen?.instance.ended();
        if (chosen !== undefined) chosen.state = 'ended';
        break;
      case 'register':
        if (chosen !== undefined) {
          const error = await chosen.runner.register(chosen.instance.address, one.service);
          if (error === null && one.service !== chosen.name) chosen.registered.add(one.service);
        }
        break;
      case 'rename':
        // Nothing is renamed while it is being replaced.
        if (chosen === undefined || instances.some((other) => other !== chosen && other.state !== 'ended' && other.name === chosen.name))
          break;
        chosen.instance.rename(one.name);
        if (chosen.state !== 'ended') chosen.name = one.name;
        break;
      case 'update':
        chosen?.instance.update({ priority: one.priority, control: 'none' });
        break;
      case 'park':
        bus.park(one.name);
        break;
      case 'unpark':
        bus.unpark(one.name);
        break;
      case 'absent':
        bus.absent(one.name, one.why);
        break;
      case 'resolve':
        if (chosen !== undefined) {
          const resolve = { settled: 0 };
          resolves.push(resolve);
          void chosen.runner.resolve(chosen.instance.address, one.prefix).then(() => (resolve.settled += 1));
        }
        break;
      case 'ask': {
        const heard = listener();
        const client = one.client as 0 | 1;
        const id = clients[client].ask(`${one.prefix}.do`, 'payload', heard);
        open.push({ heard, client, id });
        break;
      }
      case 'answer':
        answer(one.nth, one.kind);
        break;
      case 'cancel': {
        const found = open[one.nth];
        if (found !== undefined) clients[found.client].cancel(found.id);
        break;
      }
    }
    await turn();
  }

  /** Of all requests that ever reached a module; one that was answered before is answered once more. */
  function answer(nth: number, kind: 'answer' | 'failure' | 'moved'): void {
    const asked = runners.flatMap((runner) => runner.packets().flatMap((packet) => (packet[0] === 'request' ? [{ runner, packet }] : [])));
    const found = asked[nth % Math.max(1, asked.length)];
    if (found === undefined) return;
    const [, to, from, id, , topic, payload] = found.packet;
    const packet: Packet =
      kind === 'answer'
        ? ['answer', from, to, id, 'answered']
        : kind === 'moved'
          ? ['moved', from, to, id, topic, payload]
          : ['failure', from, to, id, { code: 'EFAILED', message: 'no' }];
    found.runner.say({ type: 'packets', packets: [packet] });
  }

  return { bus, runners, clients, instances, open, resolves, expected, run };
}

it('whatever happens in whatever order, each lookup and each request ends exactly once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
      const { bus, runners, clients, instances, open, resolves, expected, run } = world();
      for (const one of steps) {
        await run(one);
        for (const { heard } of open) expect(heard.ends.length).toBeLessThanOrEqual(1);
      }
      for (const parked of names) bus.unpark(parked);
      for (const arrive of expected) arrive();
      // What only a starting instance serves waits for its start.
      for (const { instance } of instances) instance.ready();
      await turn();
      await turn();
      for (const resolve of resolves) expect(resolve.settled).toBe(1);
      for (const runner of runners) runner.link.close();
      await turn();
      for (const { heard } of open) expect(heard.ends.length).toBe(1);
      for (const client of clients) client.close();
      for (const { heard } of open) expect(heard.ends.length).toBe(1);
      for (const module of names) expect(bus.waiting(module)).toBe(0);
    }),
    { numRuns: 300 },
  );
});

it('no two modules have one service, and what a service leads to does not hang on who looked it up before', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
      const { bus, runners, instances, run } = world();
      for (const one of steps) {
        await run(one);
        const held = names.flatMap((module) => bus.services(module));
        expect(new Set(held).size).toBe(held.length);
        const live = instances.filter(({ state }) => state !== 'ended');
        for (const one of live) for (const other of live) if (one.name !== other.name) expect(inBoth(one, other)).toEqual([]);
      }
      // A runner that keeps what it was told until it is stale knows what is true now.
      const [asker] = runners;
      let probe: FakeInstance | null = null;
      try {
        probe = asker.attach('probe');
      } catch {
        return;
      }
      for (const prefix of prefixes) {
        const routes = keptRoutes(asker);
        const kept = routes.get(prefix);
        if (kept === undefined) continue;
        const now = await Promise.race([asker.resolve(probe.address, prefix), turn().then(() => 'waits' as const)]);
        if (now !== 'waits') expect(now, prefix).toMatchObject({ address: kept });
      }
    }),
    { numRuns: 300 },
  );
});

/** Services that two modules have registered, beside those that both declare. */
function inBoth(one: Known, other: Known): string[] {
  const shared = one.provides.filter((service) => other.provides.includes(service));
  return [...one.registered].filter((service) => other.registered.has(service) && !shared.includes(service));
}

/** What a runner knows that remembers each route until it is told that it is stale, or that the instance is gone. */
function keptRoutes(runner: FakeRunner): Map<string, number> {
  const kept = new Map<string, number>();
  for (const message of runner.got) {
    if (message.type === 'route' && 'address' in message.route) {
      const prefix = runner.asked.get(message.call);
      if (prefix !== undefined) kept.set(prefix, message.route.address);
    } else if (message.type === 'stale') {
      for (const prefix of message.prefixes) kept.delete(prefix);
    } else if (message.type === 'gone') {
      for (const [prefix, address] of [...kept]) if (address === message.address) kept.delete(prefix);
    }
  }
  return kept;
}
