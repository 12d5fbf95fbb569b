import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createPlace, json, type Place, until } from '../support/place.ts';

const letters = [...'abcdefghij'];

/** Commands that sleep for so many seconds; another number is a reload. */
function sleepers(policy: string, names: readonly string[], seconds = 1000, fields = ''): string {
  const modules = names.map((name) => `  ${name}: {command: [sleep, "${seconds}"]${fields}}`).join('\n');
  return `version: 1\npolicy: {${policy}}\nmodules:\n${modules}\n`;
}

async function loaded(place: Place): Promise<string> {
  return (await place.list()).map(({ name }) => name).join('');
}

test('15, 16, 17. more removals than maxRemovals are refused as a whole; as many as it allows, and reloads, are not', async () => {
  await using place = await createPlace(sleepers('maxRemovals: 50%', letters));
  await place.up();
  await place.write('muster.yaml', sleepers('maxRemovals: 50%', ['a', 'b', 'c', 'd', 'new']));
  const { ran, result } = await place.reload();
  expect(ran.code).toBe(8);
  expect(result.guards).toContainEqual({ code: 'maxRemovals', limit: '50%', value: 6, ok: false });
  expect(await loaded(place)).toBe('abcdefghij');
  const { ran: dry, plan } = await place.dryRun();
  expect([dry.code, plan.outcome]).toEqual([8, 'refused']);
  // In the same turn the limit is made looser: the one of before still holds.
  await place.write('muster.yaml', sleepers('maxRemovals: 100%', ['a', 'b', 'c', 'd']));
  expect((await place.reload()).ran.code).toBe(8);
  // And a stricter one holds at once.
  await place.write('muster.yaml', sleepers('maxRemovals: 1', letters.slice(2)));
  expect((await place.reload()).ran.code).toBe(8);
  expect(await place.muster('reconcile', '--max-removals', '2')).toMatchObject({ code: 0 });
  await place.write('muster.yaml', sleepers('maxRemovals: 1', letters.slice(2), 2000));
  expect(await place.reload()).toMatchObject({ ran: { code: 0 }, result: { summary: { reload: 8 } } });
  // The policy of the last applied generation counts, also where nothing but that was applied.
  await place.write('muster.yaml', sleepers('maxRemovals: 50%', letters.slice(3), 2000));
  expect((await place.reload()).ran.code).toBe(0);
  await place.write('muster.yaml', sleepers('maxRemovals: 50%', ['j', 'i', 'h', 'g'], 2000));
  expect((await place.reload()).ran.code).toBe(0);
  expect(await loaded(place)).toBe('ghij');
});

test('16. of three modules two may go, for a share of so few says nothing', async () => {
  await using place = await createPlace(sleepers('maxRemovals: 1', ['a', 'b', 'c']));
  await place.up();
  await place.write('muster.yaml', sleepers('maxRemovals: 1', ['a']));
  expect((await place.reload()).ran.code).toBe(0);
});

test('18. under watch: apply nothing is removed that is too much, and status says why', async () => {
  await using place = await createPlace(sleepers('watch: apply, maxRemovals: 2', letters));
  await place.up();
  await place.write('muster.yaml', sleepers('watch: apply, maxRemovals: 2', letters.slice(3)));
  await until(async () => (await place.status()).lastReconcile?.outcome === 'refused', 'the save was looked at');
  expect(await loaded(place)).toBe('abcdefghij');
  const { stdout } = await place.muster('status');
  expect(stdout).toContain('maxRemovals');
  expect(await place.status()).toMatchObject({ synced: false, lastReconcile: { exitCode: 8 } });
});

test('a file that was cut off while no daemon ran removes nothing, after a reboot neither, until somebody says so', async () => {
  const whole = sleepers('maxRemovals: 50%', letters);
  await using place = await createPlace(whole);
  await place.up();
  // The first two lines of modules, whole as YAML: what is left of it could be somebody's will.
  const shrunken = whole.split('\n').slice(0, 5).join('\n');
  for (const left of [`${shrunken}\n`, 'version: 1\nmodules: {}\n', shrunken, '', 'version: 1\nmodules:\n']) {
    await place.kill();
    await place.write('muster.yaml', left);
    const ran = await place.muster('up', '-d', '-c', 'muster.yaml');
    expect(ran.code, `${left}: ${ran.stderr}`).not.toBe(0);
    expect(await loaded(place)).toBe('abcdefghij');
    expect((await place.list()).every(({ state }) => state === 'R')).toBe(true);
    expect((await place.status()).generation).toBe(1);
  }
  await place.write('muster.yaml', `${shrunken}\n`);
  expect((await place.reload()).ran.code).toBe(8);
  expect(await place.muster('reconcile', '--max-removals', '9')).toMatchObject({ code: 0 });
  expect(await loaded(place)).toBe('ab');
});

test('protect keeps a module from removal and reload without --override, also where the new config takes it away', async () => {
  const config = (web: string) => `version: 1\nmodules:\n  web: ${web}\n  other: {command: [sleep, "1000"]}\n`;
  await using place = await createPlace(config('{command: [sleep, "1000"], protect: true}'));
  await place.up();
  const { pid } = await place.module('web');
  for (const web of [
    '{command: [sleep, "2000"], protect: true}',
    '{command: [sleep, "2000"]}',
    '{command: [sleep, "1000"], disabled: true}',
  ]) {
    await place.write('muster.yaml', config(web));
    const { ran, result } = await place.reload();
    expect(ran.code).toBe(8);
    expect(result.guards).toContainEqual({ code: 'protect', limit: false, value: ['web'], ok: false });
  }
  for (const words of [
    ['reload', 'web'],
    ['remove', 'web'],
    ['restart', 'web'],
    ['stop', 'web', '--reason', 'x'],
  ])
    expect((await place.muster(...words)).code).toBe(8);
  expect(await place.module('web')).toMatchObject({ pid, state: 'R' });
  await place.write('muster.yaml', config('{command: [sleep, "2000"]}'));
  expect(await place.muster('reload', '--override')).toMatchObject({ code: 0 });
  expect((await place.module('web')).pid).not.toBe(pid);
});

/** Each writes down when it begins and ends, and is well once `well` is there, with its own name in it or not. */
function rolling(policy: string, version: string, names: readonly string[], more: (name: string) => string = () => ''): string {
  const modules = names.map(
    (name) =>
      `  ${name}: {command: [sh, -c, "echo +${name} >> ran; trap 'echo -${name} >> ran; exit 0' TERM; while :; do sleep 0.05; done; : ${version}"], ` +
      `cwd: .${more(name)}}`,
  );
  return `version: 1\npolicy: {${policy}}\nmodules:\n${modules.join('\n')}\n`;
}
const health = (name: string): string => `, health: {command: [test, -e, well-${name}], interval: 100ms, failures: 2, onFailure: mark}`;

/** How many were down at a time. */
async function mostDown({ dir }: Place): Promise<number> {
  const lines = (await readFile(join(dir, 'ran'), 'utf8')).trim().split('\n');
  let down = 0;
  let most = 0;
  for (const line of lines) {
    down += line.startsWith('-') ? 1 : -1;
    most = Math.max(most, down);
  }
  return most;
}

test.each([
  ['maxUnavailable: 1', 1],
  ['maxUnavailable: 40%', 2],
  ['maxUnavailable: 1%', 1],
  ['maxUnavailable: 3', 3],
])('with %s at most %i of 5 are reloaded at a time', async (policy, most) => {
  const names = letters.slice(0, 5);
  await using place = await createPlace(rolling(policy, 'old', names));
  await place.up();
  await place.write('ran', '');
  await place.write('muster.yaml', rolling(policy, 'new', names));
  expect((await place.reload()).ran.code).toBe(0);
  const down = await mostDown(place);
  expect(down).toBeGreaterThanOrEqual(1);
  expect(down).toBeLessThanOrEqual(most);
});

test('each batch has to be well before the next, and under onFailure: stop the first that is not ends it', async () => {
  const policy = 'maxUnavailable: 1, onFailure: stop';
  const names = letters.slice(0, 4);
  await using place = await createPlace(rolling(policy, 'old', names, health));
  for (const name of names) await place.write(`well-${name}`, '');
  await place.up();
  // b is never well again.
  await place.write(
    'muster.yaml',
    rolling(policy, 'new', names, (name) => health(name === 'b' ? 'nobody' : name)),
  );
  const { ran, result } = await place.reload();
  expect(ran.code).toBe(6);
  expect(result.changes).toMatchObject([
    { name: 'a', status: 'ok' },
    { name: 'b', status: 'failed', error: { message: expect.stringContaining('not well') } },
    { name: 'c', status: 'notRun' },
    { name: 'd', status: 'notRun' },
  ]);
  expect(ran.stderr + ran.stdout).toContain('test -e well-nobody');
  // As it was before, if that is asked for.
  await place.write(
    'muster.yaml',
    rolling(policy, 'newer', names, (name) => health(name === 'c' ? 'nobody' : name)),
  );
  const atomic = await place.muster('reconcile', '--json', '--atomic');
  expect(atomic.code).toBe(4);
  expect(json(atomic)).toMatchObject({
    changes: [
      { name: 'a', status: 'rolledBack' },
      { name: 'b', status: 'rolledBack' },
      { name: 'c', status: 'reverted' },
      { name: 'd', status: 'notRun' },
    ],
  });
  // Once it is well, all of them are reloaded.
  await place.write('well-nobody', '');
  expect((await place.reload()).ran.code).toBe(0);
  expect(await place.status()).toMatchObject({ synced: true, healthy: true });
});

test('one that requires another, and one that comes before it has gone, take turns without waiting for each other for ever', async () => {
  const names = ['a', 'b', 'c'];
  const more = (name: string): string =>
    name === 'b' ? ', requires: [{name: a, reload: true}], reload: {strategy: overlap}' : name === 'c' ? ', requires: [b]' : '';
  await using place = await createPlace(rolling('maxUnavailable: 1, concurrency: 1', 'old', names, more));
  await place.up();
  await place.write('muster.yaml', rolling('maxUnavailable: 1, concurrency: 1', 'new', names, more));
  expect((await place.reload()).result.changes).toMatchObject(names.map(() => ({ action: 'reload', status: 'ok' })));
  expect(await place.status()).toMatchObject({ synced: true, healthy: true });
});

test('a daemon killed in the middle of a batch goes on with the rest, and each runs once', async () => {
  const names = letters.slice(0, 4);
  const policy = 'maxUnavailable: 1';
  await using place = await createPlace(rolling(policy, 'old', names, health));
  for (const name of names) await place.write(`well-${name}`, '');
  await place.up();
  await place.write(
    'muster.yaml',
    rolling(policy, 'new', names, (name) => health(name === 'b' ? 'later' : name)),
  );
  const [{ pid: before }, run] = [await place.module('b'), place.muster('reload')];
  await until(async () => (await place.module('b')).pid !== before && (await place.module('b')).state === 'R', 'b was reloaded');
  await place.kill();
  await run;
  await place.write('well-later', '');
  await place.up();
  expect(await place.status()).toMatchObject({ synced: true, counts: { R: 4 } });
  const lines = await Promise.all((await place.processes()).map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  expect(lines.filter((line) => line.includes('echo +'))).toHaveLength(4);
});
