import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createPlace, until } from '../support/place.ts';
import { talk } from '../support/talk.ts';

const fixture = (file: string) => join(import.meta.dirname, 'fixtures', file);
const restart = 'restart: {backoff: {initial: 100ms, max: 200ms}}';

test.concurrent('what a service has loaded comes back by its own policy when the service has crashed', async () => {
  await using place = await createPlace(
    `version: 1
modules:
  gateway: {module: ./gateway.mjs, ${restart}}
  gateway.status: {module: ${fixture('tells-start.mjs')}, ${restart}}
`,
  );
  await place.write(
    'gateway.mjs',
    "export async function main(ctx) {\n  ctx.hostModules();\n  ctx.handle('die', () => void setImmediate(() => { throw new Error('told to'); }));\n  await ctx.run();\n}\n",
  );
  await place.up();
  using daemon = await talk(place);
  const before = await place.module('gateway.status');
  await daemon.ask('gateway.die');
  await until(async () => {
    const status = await place.module('gateway.status');
    return status.state === 'R' && status.startedAt !== before.startedAt;
  }, 'it is back');
  expect(await daemon.ask('gateway.status.start')).toMatchObject({ name: 'gateway.status' });
  expect((await place.module('gateway')).state).toBe('R');
});

test.concurrent('what its service removes, though muster has not asked for it, comes back whatever its policy is', async () => {
  const never = 'restart: {policy: never, backoff: {initial: 500ms}}';
  await using place = await createPlace(
    `version: 1
modules:
  gateway: {module: ${fixture('gateway.mjs')}}
  gateway.status: {module: ${fixture('tells-start.mjs')}, ${never}}
`,
  );
  await place.up();
  using daemon = await talk(place);
  const { startedAt } = await place.module('gateway.status');
  await daemon.ask('gateway.remove', { name: 'gateway.status' });
  await until(async () => (await place.module('gateway.status')).startedAt !== startedAt, 'it is started again');
  expect((await place.module('gateway.status')).lastExit).toMatchObject({ reason: 'stopped by its service gateway', error: null });
  await until(async () => (await place.module('gateway.status')).state === 'R', 'it is back');
  expect(await daemon.ask('gateway.status.start')).toMatchObject({ name: 'gateway.status' });

  expect(await place.muster('stop', 'gateway.status')).toMatchObject({ code: 0 });
  expect(await place.module('gateway.status')).toMatchObject({ state: 'E', failed: false });
});

test.concurrent('code of such a module that fails while its service is reloaded is reverted', async () => {
  await using place = await createPlace(`version: 1\nmodules:\n  gateway: ${fixture('gateway.mjs')}\n  gateway.status: ./status.mjs\n`);
  const status = (body: string) =>
    `export async function main(ctx) {\n  ${body}\n  ctx.handle('old', () => true);\n  await ctx.run();\n}\n`;
  await place.write('status.mjs', status(''));
  await place.up();
  await place.write('status.mjs', status("throw new Error('not today');"));
  await place.write(
    'muster.yaml',
    `version: 1\nmodules:\n  gateway: {module: ${fixture('gateway.mjs')}, args: [again]}\n  gateway.status: ./status.mjs\n`,
  );
  const { ran, result } = await place.reload();
  expect(result.changes.map(({ name, action, status }) => [name, action, status])).toEqual([
    ['gateway', 'reload', 'ok'],
    ['gateway.status', 'reload', 'reverted'],
  ]);
  expect(ran.code).toBe(6);
  using daemon = await talk(place);
  expect(await daemon.ask('gateway.status.old')).toBe(true);
});

test.concurrent('after a crash of the daemon a service is back before what it loads', async () => {
  await using place = await createPlace(
    `version: 1\nmodules:\n  z.gateway: {module: ${fixture('gateway.mjs')}, service: none}\n  z.gateway.status: ${fixture('tells-start.mjs')}\n`,
  );
  await place.up();
  await place.muster('load', '--name', 'z.gateway.byhand', fixture('tells-start.mjs'));
  await place.kill();
  await place.up();
  using daemon = await talk(place);
  for (const name of ['z.gateway.status', 'z.gateway.byhand']) {
    expect(await place.module(name)).toMatchObject({ state: 'R', restarts: 0, service: 'z.gateway' });
    expect(await daemon.ask(`${name}.start`)).toMatchObject({ name });
  }
});
