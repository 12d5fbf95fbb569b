import { describe, expect, test } from 'vitest';
import type { Launch } from '../../src/model/driver.ts';
import type { Behaviour } from '../support/fake-driver.ts';
import { type Bench, code, createBench, createServices } from './bench.ts';

const web = (version: string, strategy = 'replace') => code('web', { args: [version], reload: { strategy } });
const guest = (name: string, version = '1', service = 'web') => code(name, { args: [version], service });

/** A service with two modules in it, one of which has loaded a third; each saves its name and which start of it that was. */
async function serving(behave: (launch: Launch, nth: number) => Behaviour = () => ({})) {
  const services = createServices();
  const bench = createBench((launch, nth) => ({ saves: `${launch.name} ${nth}`, ...behave(launch, nth) }), { services });
  await bench.instances.load(web('1'));
  for (const [name, service] of [
    ['web.a', 'web'],
    ['web.b', 'web'],
    ['web.a.x', 'web.a'],
  ] as const) {
    await bench.instances.load(guest(name, '1', service));
  }
  services.told.length = 0;
  bench.events.length = 0;
  return { ...bench, services };
}

/** `name version state` of what runs. */
function running({ driver }: Bench): string[] {
  const shown = ({ launch }: { launch: Launch }) => `${launch.name} ${launch.args} ${launch.restored && Buffer.from(launch.restored)}`;
  return driver.live().map(shown).sort();
}

function moves({ events }: Bench): string[] {
  return events.flatMap((event) => (event.type === 'state' ? [`${event.name} ${event.to}`] : []));
}

describe('what a service has loaded, while that is replaced', () => {
  test('saves, goes down with it, and comes back after it with what it saved', async () => {
    const bench = await serving();
    expect(await bench.instances.replace('web', web('2'))).toEqual({ status: 'ok' });
    expect(running(bench)).toEqual(['web 2 web 0']);
    await bench.clock.advance(1200);
    expect(running(bench)).toEqual(['web 2 web 0', 'web.a 1 web.a 0', 'web.a.x 1 web.a.x 0', 'web.b 1 web.b 0']);
    const up = moves(bench).filter((move) => / [FIR]$/.test(move));
    expect(up.slice(0, 5)).toEqual(['web F', 'web I', 'web R', 'web.a I', 'web.a R']);
    expect(up.indexOf('web.a.x I')).toBeGreaterThan(up.indexOf('web.a R'));
    expect(bench.instances.views().map(({ restarts, healthy }) => [restarts, healthy])).toEqual(Array(4).fill([0, true]));
    expect(bench.clock.pending()).toBe(0);
  });

  test('is asked nothing from before it saves until it runs again', async () => {
    const bench = await serving();
    await bench.instances.replace('web', web('2'));
    await bench.clock.advance(800);
    const { told } = bench.services;
    for (const name of ['web', 'web.a', 'web.b', 'web.a.x']) {
      expect(told.filter((one) => one.endsWith(`park ${name}`))).toEqual([`park ${name}`, `unpark ${name}`]);
    }
    expect(told.indexOf('unpark web.a')).toBeGreaterThan(told.indexOf('unpark web'));
  });

  test('answers its service until the new one runs, where both are there and it has saved nothing', async () => {
    const bench = createBench(({ name }) => (name === 'web.a' ? { saves: 'state' } : {}), { services: createServices() });
    await bench.instances.load(web('1', 'overlap'));
    for (const name of ['web.a', 'web.b']) await bench.instances.load(guest(name));
    const [, saving, other] = bench.driver.starts;
    expect(await bench.instances.replace('web', web('2', 'overlap'))).toEqual({ status: 'ok' });
    expect([saving?.told, other?.told].map((told) => told?.slice(0, 2))).toEqual([
      ['save', 'kill'],
      ['save', 'resume'],
    ]);
    await bench.clock.advance(1200);
    expect(running(bench)).toEqual(['web 2 null', 'web.a 1 state', 'web.b 1 null']);
  });

  test('is started once, where its own reload was planned to follow', async () => {
    const bench = await serving();
    await bench.instances.replace('web', web('2'));
    expect(await bench.instances.replace('web.b', guest('web.b', '2'))).toEqual({ status: 'ok' });
    await bench.clock.advance(800);
    expect(running(bench)).toContain('web.b 2 web.b 0');
    expect(bench.driver.starts.filter(({ name }) => name === 'web.b')).toHaveLength(2);
    expect(bench.services.told.filter((one) => one.endsWith('park web.b')).at(-1)).toBe('unpark web.b');
  });

  test('gets its old code back, with its state, where that reload fails', async () => {
    const bench = await serving(({ args }) => (args.includes('broken') ? { failStart: 'broken' } : {}));
    await bench.instances.replace('web', web('2'));
    expect(await bench.instances.replace('web.b', guest('web.b', 'broken'))).toMatchObject({ status: 'reverted' });
    expect(running(bench)).toContain('web.b 1 web.b 0');
  });

  test('refuses the reload of its service where it cannot save, and all serve on', async () => {
    const bench = await serving(({ name }) => (name === 'web.b' ? { refuseSave: 'not now' } : {}));
    expect(await bench.instances.replace('web', web('2'))).toMatchObject({
      status: 'reverted',
      error: { message: 'web.b did not save its state: not now' },
    });
    expect(moves(bench)).toEqual([]);
    for (const { told } of bench.driver.live()) expect(told).toEqual(['save', 'resume']);
    for (const name of ['web', 'web.a', 'web.b', 'web.a.x']) expect(bench.services.told).toContain(`unpark ${name}`);
    expect(await bench.instances.replace('web', web('2'), { force: true })).toEqual({ status: 'ok' });
    await bench.clock.advance(800);
    expect(running(bench)).toContain('web.b 1 null');
    expect(running(bench)).toContain('web.a 1 web.a 0');
  });

  test('waits where neither the new service nor the old one comes up, and comes back when that is loaded', async () => {
    const bench = await serving(({ name }, nth) => (name === 'web' && (nth === 1 || nth === 2) ? { failStart: 'bad' } : {}));
    expect(await bench.instances.replace('web', web('2'))).toMatchObject({ status: 'failed' });
    for (const name of ['web.a', 'web.b', 'web.a.x']) expect(bench.services.told).toContain(`unpark ${name}`);
    await bench.clock.advance(60_000);
    expect(bench.instances.view('web.b')).toMatchObject({
      state: 'B',
      waitingFor: ['web'],
      status: { message: 'stopped with its service' },
    });
    await bench.instances.load(web('3'));
    await bench.clock.advance(1600);
    expect(running(bench)).toEqual(['web 3 null', 'web.a 1 web.a 0', 'web.a.x 1 web.a.x 0', 'web.b 1 web.b 0']);
  });

  test('that ends by itself meanwhile comes back all the same', async () => {
    const bench = await serving(({ name }) => (name === 'web' ? { stopAfter: 500 } : { stopAfter: 100 }));
    const replaced = bench.instances.replace('web', web('2'));
    await bench.clock.flush();
    bench.driver.last('web.b').exit({ code: 1 });
    await bench.clock.advance(2000);
    expect(await replaced).toEqual({ status: 'ok' });
    expect(running(bench)).toContain('web.b 1 web.b 0');
  });

  test('that fails when it is to come back is down like any other', async () => {
    const bench = await serving(({ name }, nth) => (name === 'web.b' && nth === 1 ? { failStart: 'bad' } : {}));
    await bench.instances.replace('web', web('2'));
    await bench.clock.advance(600);
    expect(bench.instances.view('web.b')).toMatchObject({ state: 'B', status: { level: 'error' } });
    expect(bench.services.told.filter((one) => one.includes('web.b')).slice(-2)).toEqual(['unpark web.b', 'web.b backingOff']);
    await bench.clock.advance(2000);
    expect(running(bench)).toContain('web.b 1 null');
  });

  test('can be removed meanwhile, and stops with the daemon', async () => {
    const bench = await serving(({ name }, nth) => (name === 'web' && nth === 1 ? { readyAfter: 5000 } : {}));
    const replaced = bench.instances.replace('web', web('2'));
    await bench.clock.advance(1000);
    expect(bench.instances.get('web.b')?.state).toBe('B');
    await bench.instances.remove('web.b');
    expect(bench.services.told).toContain('unpark web.b');
    const { done } = bench.instances.stopAll([]);
    await done;
    expect(await replaced).toMatchObject({ status: 'failed', error: { code: 'ECANCELED' } });
    await bench.clock.advance(60_000);
    expect(bench.driver.live()).toEqual([]);
    expect([...bench.instances.snapshot().values()].map(({ state }) => state)).toEqual(['E', 'E', 'E']);
    expect(bench.clock.pending()).toBe(0);
  });
});

describe('with overlap', () => {
  test('it goes with the old service, once the new one runs, and comes back in that', async () => {
    const bench = await serving(({ name }, nth) => (name === 'web' ? { readyAfter: nth * 1000 } : {}));
    const replaced = bench.instances.replace('web', web('2', 'overlap'));
    await bench.clock.advance(999);
    expect(bench.driver.live()).toHaveLength(5);
    expect(moves(bench)).toEqual([]);
    await bench.clock.advance(1);
    expect(await replaced).toEqual({ status: 'ok' });
    await bench.clock.advance(800);
    expect(running(bench)).toEqual(['web 2 web 0', 'web.a 1 web.a 0', 'web.a.x 1 web.a.x 0', 'web.b 1 web.b 0']);
    expect(moves(bench).slice(0, 2)).toEqual(['web R', 'web.a B']);
  });

  test('it serves on where the new one fails', async () => {
    const bench = await serving(({ name }, nth) => (name === 'web' && nth === 1 ? { failStart: 'bad' } : {}));
    expect(await bench.instances.replace('web', web('2', 'overlap'))).toMatchObject({ status: 'reverted', error: { message: 'bad' } });
    expect(moves(bench)).toEqual([]);
    for (const { told } of bench.driver.live()) expect(told).toEqual(['save', 'resume']);
  });

  test('a stop of the service in the middle ends the wait for it', async () => {
    const bench = await serving(({ name }, nth) => (name === 'web' && nth === 1 ? { readyAfter: 'never' } : {}));
    const replaced = bench.instances.replace('web', web('2', 'overlap'));
    await bench.clock.flush();
    await bench.instances.halt('web');
    expect(await replaced).toMatchObject({ status: 'failed' });
    await bench.clock.advance(1000);
    expect(bench.driver.live()).toEqual([]);
    for (const name of ['web.a', 'web.b', 'web.a.x']) expect(bench.services.told).toContain(`unpark ${name}`);
    await bench.instances.load(web('3'));
    await bench.clock.advance(2000);
    expect(running(bench)).toHaveLength(4);
  });
});
