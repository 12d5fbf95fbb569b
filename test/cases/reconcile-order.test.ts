import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createPlace, until } from '../support/place.ts';
import { identities } from '../support/untouched.ts';

const traced = join(import.meta.dirname, 'fixtures/traced.mjs');
/** As many as come and go: half of the modules may be removed. */
const staying = 'version: 1\nmodules:\n  a: builtin:heartbeat\n  b: builtin:heartbeat\n  c: builtin:heartbeat\n';

test.concurrent('16. what is required runs before and is told to stop only after', async () => {
  await using place = await createPlace(staying);
  await place.up();
  const env = (who: string) => `env: {TRACE: ${join(place.dir, 'trace')}, WHO: ${who}}`;
  const command = `command: [${process.execPath}, ${traced}, command]`;
  // Of both kinds, each above the other, and named against the order.
  await place.write(
    'muster.yaml',
    `${staying}  web: {${command}, ${env('web')}, requires: [db]}
  db: {module: ${traced}, ${env('db')}, requires: [zdisk]}
  zdisk: {${command}, ${env('zdisk')}}
`,
  );
  const added = await place.reload();
  expect(added.ran.code, added.ran.stderr).toBe(0);
  expect(added.result.changes.map(({ name, after }) => [name, after])).toEqual([
    ['zdisk', []],
    ['db', ['zdisk']],
    ['web', ['db']],
  ]);
  const [, , , db, web, zdisk] = await place.list();
  expect([db?.state, web?.state, zdisk?.state]).toEqual(['R', 'R', 'R']);
  expect(Date.parse(String(zdisk?.since))).toBeLessThanOrEqual(Date.parse(String(db?.startedAt)));
  expect(Date.parse(String(db?.since))).toBeLessThanOrEqual(Date.parse(String(web?.startedAt)));

  const trace = () => readFileSync(join(place.dir, 'trace'), 'utf8').trim().split('\n');
  await until(() => trace().includes('web ready') && trace().includes('zdisk ready'), 'the commands can be told to stop');
  expect(trace().indexOf('db ready')).toBeLessThan(trace().indexOf('web began'));

  await place.write('muster.yaml', staying);
  const dropped = await place.reload();
  expect(dropped.ran.code, dropped.ran.stderr).toBe(0);
  expect(trace().slice(6)).toEqual(['web told', 'web gone', 'db told', 'db gone', 'zdisk told', 'zdisk gone']);
});

test.concurrent('17. a cycle of requirements is printed and changes nothing', async () => {
  await using place = await createPlace('version: 1\nmodules: {a: builtin:heartbeat, keep: builtin:heartbeat}\n');
  await place.up();
  const before = await place.list();
  await place.write(
    'muster.yaml',
    `version: 1
modules:
  a: {module: builtin:heartbeat, requires: [b]}
  b: {module: builtin:heartbeat, requires: [a]}
`,
  );
  const file = join(place.dir, 'muster.yaml');
  for (const command of ['validate', 'reload']) {
    const { code, stdout, stderr } = await place.muster(command);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`${file}:3:45: error cycle: these wait for each other: a -> b -> a`);
  }
  expect(identities(await place.list())).toEqual(identities(before));
});
