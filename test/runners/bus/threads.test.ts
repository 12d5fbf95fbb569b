import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, type Transferable, Worker } from 'node:worker_threads';
import { buildSync } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createCreditsBuffer, createMeterBuffer, openMeter } from '../../../src/runners/inside/meter.ts';
import { createTallyBuffer } from '../../../src/runners/inside/tally.ts';
import type { FromRealm } from '../../../src/runners/protocol.ts';
import type { Order, Told } from './fixtures/realm.ts';
import { until } from './setting.ts';

interface Realm {
  readonly worker: Worker;
  readonly address: number;
  tell(order: Order, transfer?: Transferable[]): void;
  /** Resolves when it has. */
  leave(): Promise<void>;
  /** Asks, blocked until the gate is open, and returns who answered how often. */
  ask(topic: string, count: number, inFlight: number, gate?: SharedArrayBuffer): Promise<Record<string, number>>;
}

const folder = mkdtempSync(join(tmpdir(), 'muster-bus-'));
const file = join(folder, 'realm.cjs');
const buffer = createMeterBuffer();
let realms: Realm[] = [];
/** Where requests to `x` go; lookups wait while it is null. */
let serving: Realm | null = null;
let lookups: (() => void)[] = [];

beforeAll(() => {
  const entry = join(import.meta.dirname, 'fixtures/realm.ts');
  buildSync({ entryPoints: [entry], outfile: file, bundle: true, platform: 'node', target: 'node20.19', format: 'cjs' });
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  realms = [];
  lookups = [];
  serving = null;
});
afterEach(() => Promise.all(realms.map(({ worker }) => worker.terminate())));

async function start(name: string): Promise<Realm> {
  const address = realms.length + 1;
  const meter = { buffer, index: address };
  openMeter(meter).reset();
  const worker = new Worker(file, { workerData: { name, address, credits: createCreditsBuffer(), meter } });
  let tellOutcomes: (outcomes: Record<string, number>) => void = () => {};
  let tellLeft = (): void => {};
  const realm: Realm = {
    worker,
    address,
    tell: (order, transfer = []) => worker.postMessage(order, transfer),
    leave() {
      realm.tell({ type: 'leave' });
      return new Promise((resolve) => {
        tellLeft = resolve;
      });
    },
    ask(topic, count, inFlight, gate) {
      realm.tell({ type: 'ask', topic, count, inFlight, gate: gate ?? null });
      return new Promise((resolve) => {
        tellOutcomes = resolve;
      });
    },
  };
  worker.on('message', (message: FromRealm | Told) => {
    if (message.type === 'outcomes') tellOutcomes(message.outcomes);
    if (message.type === 'left') tellLeft();
    if (message.type === 'resolve') lookUp(() => realm.tell({ type: 'route', call: message.call, route: routeOf() }));
  });
  for (const other of realms) {
    const { port1, port2 } = new MessageChannel();
    const [there, back] = [createTallyBuffer(), createTallyBuffer()];
    realm.tell({ type: 'peer', realm: other.address, port: port1, sent: there, received: back }, [port1]);
    other.tell({ type: 'peer', realm: address, port: port2, sent: back, received: there }, [port2]);
  }
  realms.push(realm);
  await once(worker, 'online');
  return realm;
}

function lookUp(answer: () => void): void {
  if (serving === null) lookups.push(answer);
  else answer();
}

function routeOf() {
  const { address } = serving as Realm;
  return { service: 'x', address, via: { type: 'realm', realm: address, meter: { buffer, index: address } } as const };
}

function serve(realm: Realm): void {
  serving = realm;
  for (const answer of lookups.splice(0)) answer();
}

test('each of many requests between two threads gets its own answer', async () => {
  const [asker, x] = [await start('asker'), await start('x')];
  serve(x);
  expect(await asker.ask('x.double', 20_000, 64)).toEqual({ [`by ${x.address}`]: 20_000 });
  expect(openMeter({ buffer, index: x.address }).read()).toMatchObject({ rx: { request: 20_000 }, queued: 0 });
});

test('what waits at a thread that ended fails with EHOSTUNREACH', async () => {
  const [asker, x] = [await start('asker'), await start('x')];
  serve(x);
  const asked = asker.ask('x.never', 64, 64);
  await until(() => expect(openMeter({ buffer, index: x.address }).read().rx.request).toBe(64));
  await x.worker.terminate();
  asker.tell({ type: 'gone', address: x.address, name: 'x' });
  expect(await asked).toEqual({ EHOSTUNREACH: 64 });
});

test('requests that a thread does not come to are seen in its queue', async () => {
  const [asker, x] = [await start('asker'), await start('x')];
  serve(x);
  const hanging = asker.ask('x.hang', 1, 1);
  await until(() => expect(openMeter({ buffer, index: x.address }).read().rx.request).toBe(1));
  const waiting = asker.ask('x.double', 10, 10);
  await until(() => expect(openMeter({ buffer, index: x.address }).read().queued).toBe(10));
  void [hanging, waiting];
});

test('no request is lost while its module passes from one thread to the next, again and again', async () => {
  const asker = await start('asker');
  let current = await start('x');
  serve(current);
  const asked = asker.ask('x.double', 60_000, 64);
  for (let round = 0; round < 6; round++) {
    const next = await start('x');
    serving = null;
    current.tell({ type: 'quiesce' });
    asker.tell({ type: 'stale', prefixes: ['x'] });
    // That it is gone is said when it has said all that it had to.
    await current.leave();
    await new Promise((resolve) => setTimeout(resolve, 20));
    serve(next);
    asker.tell({ type: 'gone', address: current.address, name: 'x' });
    current = next;
  }
  const outcomes = await asked;
  expect(Object.keys(outcomes).filter((outcome) => !outcome.startsWith('by '))).toEqual([]);
  expect(Object.values(outcomes).reduce((sum, count) => sum + count, 0)).toBe(60_000);
});

test('a thread that was busy while its module was replaced loses no request either', async () => {
  const [asker, x] = [await start('asker'), await start('x')];
  serve(x);
  expect(await asker.ask('x.double', 1, 1)).toEqual({ [`by ${x.address}`]: 1 });
  // It asks by its old route, before it can hear of anything.
  const gate = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const asked = asker.ask('x.double', 100, 100, gate);
  const next = await start('x');
  serving = null;
  x.tell({ type: 'leave' });
  await until(() => expect(openMeter({ buffer, index: x.address }).isOpen(x.address)).toBe(false));
  await x.worker.terminate();
  asker.tell({ type: 'stale', prefixes: ['x'] });
  asker.tell({ type: 'gone', address: x.address, name: 'x' });
  serve(next);
  Atomics.store(new Int32Array(gate), 0, 1);
  Atomics.notify(new Int32Array(gate), 0);
  expect(await asked).toEqual({ [`by ${next.address}`]: 100 });
});
