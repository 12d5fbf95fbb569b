import { expect, test } from 'vitest';
import { code, command, createBench } from './bench.ts';

test('a view has every field of the contract', async () => {
  const asked: object[] = [];
  const { instances, clock } = createBench(undefined, {
    inspect: (request) => {
      asked.push(request);
      return { size: 42, sha1: 'a'.repeat(40) };
    },
  });
  const start = clock.now();
  await instances.load(command('db'));
  await instances.load(command('web', { requires: ['db', 'cache'], cwd: '/srv' }));
  await clock.advance(2500);
  const at = new Date(start).toISOString();
  expect(instances.view('web')).toEqual({
    name: 'web',
    kind: 'command',
    isolation: null,
    state: 'R',
    failed: false,
    finished: false,
    size: 42,
    digest: 'a'.repeat(40),
    codeDigest: null,
    stale: false,
    idle: 2,
    queued: 0,
    services: [],
    service: null,
    host: null,
    path: 'program',
    pid: 2,
    threadId: null,
    restarts: 0,
    origin: 'config',
    generation: 1,
    since: at,
    startedAt: at,
    status: { level: 'warn', message: 'waits for cache', since: at },
    healthy: true,
    lastExit: null,
    held: null,
    containment: 'processGroup',
    requires: ['cache', 'db'],
    requiredBy: [],
    waitingFor: ['cache'],
    declaredAt: { file: '/muster.yaml', line: 1, column: 1 },
  });
  expect(asked).toEqual([{ path: 'program', cwd: '/srv', searchPath: null }]);
  expect(instances.view('db')?.requiredBy).toEqual(['web']);
  expect(instances.view('nobody')).toBeUndefined();
});

test('a service that is required is shown as the module that has it, and who loads a module is required by it', async () => {
  let alternatives = new Map<string, string>();
  const { instances } = createBench(undefined, { alternatives: () => alternatives });
  await instances.load(code('first', { provides: ['store'], priority: 2 }));
  await instances.load(code('second', { provides: ['store'] }));
  await instances.load(code('web', { requires: ['store', 'store'] }));
  await instances.load(code('web.a', { service: 'web', requires: ['absent'] }));
  expect(instances.view('web')).toMatchObject({ requires: ['first'], requiredBy: ['web.a'], waitingFor: [] });
  expect(instances.view('first')?.requiredBy).toEqual(['web']);
  expect(instances.view('web.a')).toMatchObject({ requires: ['absent', 'web'], waitingFor: ['absent'], service: 'web' });
  alternatives = new Map([['store', 'second']]);
  expect(instances.view('web')?.requires).toEqual(['second']);
});

test('views are sorted by name', async () => {
  const { instances } = createBench();
  for (const name of ['b', 'a.x', 'a', 'B']) await instances.load(code(name));
  expect(instances.views().map(({ name, isolation }) => `${name} ${isolation}`)).toEqual([
    'B thread',
    'a thread',
    'a.x thread',
    'b thread',
  ]);
});

test('dependents of one that died stay and are shown as waiting for it', async () => {
  const { instances, driver, clock } = createBench();
  await instances.load(command('db'));
  await instances.load(command('web', { requires: ['db'] }));
  driver.last('db').exit({ code: 1 });
  await clock.flush();
  expect(instances.view('web')).toMatchObject({ state: 'R', waitingFor: ['db'] });
});

test('the status a module gives itself is shown; its error outlives a normal end', async () => {
  const { instances, driver, clock, events } = createBench();
  await instances.load(code('job'));
  driver.last('job').hooks.status('info', 'half way');
  expect(instances.view('job')?.status).toMatchObject({ level: 'info', message: 'half way' });
  driver.last('job').hooks.status('error', 'disk slow');
  driver.last('job').exit();
  await clock.flush();
  driver.last('job').hooks.status('info', 'too late');
  expect(instances.view('job')).toMatchObject({ state: 'E', failed: false, status: { level: 'error', message: 'disk slow' } });
  expect(events.filter((event) => event.type === 'status')).toHaveLength(2);
});

test('a command whose executable was changed since it started is stale', async () => {
  let changedAt = 0;
  const { instances, clock } = createBench(undefined, { inspect: () => ({ size: 1, sha1: '', changedAt }) });
  await instances.load(command('web'));
  expect(instances.view('web')?.stale).toBe(false);
  changedAt = clock.now() + 1;
  expect(instances.view('web')?.stale).toBe(true);
});

test('a snapshot stays what it was, and is the same object until something changes', async () => {
  const { instances } = createBench();
  await instances.load(command('a'));
  await instances.load(command('b'));
  const first = instances.snapshot();
  expect(instances.snapshot()).toBe(first);
  await instances.remove('b');
  const second = instances.snapshot();
  expect([...first.keys()]).toEqual(['a', 'b']);
  expect([...second.keys()]).toEqual(['a']);
  expect(second.get('a')).toBe(first.get('a'));
  expect(Object.isFrozen(first.get('a'))).toBe(true);
});

test('a listener that throws harms nobody, and one that left hears nothing', async () => {
  const { instances } = createBench();
  let heard = 0;
  instances.on(() => {
    throw new Error('bug');
  });
  const off = instances.on(() => {
    heard += 1;
  });
  await instances.load(command('a'));
  off();
  await instances.remove('a');
  expect(heard).toBe(2);
});

test('what is not listed, or does not run, gets an error with a code', async () => {
  const { instances, driver } = createBench();
  expect(() => instances.signal('web', 'SIGHUP')).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  await expect(instances.replace('web', command('web'))).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(instances.halt('web')).rejects.toMatchObject({ code: 'ENOENT' });
  await instances.load(command('web'));
  instances.signal('web', 'SIGHUP');
  expect(driver.last('web').told).toEqual(['signal SIGHUP']);
});
