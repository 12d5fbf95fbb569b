import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createPlace, until } from '../support/place.ts';
import { talk } from '../support/talk.ts';
import { within } from '../support/within.ts';

const fixture = (file: string) => join(import.meta.dirname, 'fixtures', file);
const config = `version: 1\nmodulePath: [./path]\nmodules:\n  tiny: ${fixture('tiny.mjs')}\n`;

test('9. arguments reach the module unchanged, whatever is in them', async () => {
  await using place = await createPlace(config);
  await place.up();
  using daemon = await talk(place);
  const args = ['--loud', 'a b', '', 'q"uo', 'ü'];
  expect(await place.muster('load', '--name', 'echo', fixture('tells-start.mjs'), ...args)).toMatchObject({ code: 0, stdout: '' });
  expect(await daemon.ask('echo.start')).toMatchObject({ args, argv: args });
});

test('10. name, arguments, config and environment are those of the file', async () => {
  await using place = await createPlace(
    `${config}  given:
    module: ${fixture('tells-start.mjs')}
    args: [--loud, "a b", ""]
    config: {greeting: hello, deep: {list: [1, {a: null}]}}
    env: {OWN: "\${WHO:-me} too", FOO: "", LANG: null}
`,
  );
  await place.up();
  using daemon = await talk(place);
  expect(await daemon.ask('given.start')).toEqual({
    name: 'given',
    args: ['--loud', 'a b', ''],
    argv: ['--loud', 'a b', ''],
    config: { greeting: 'hello', deep: { list: [1, { a: null }] } },
    env: { own: 'me too', foo: '', lang: null },
    processEnv: { own: 'me too', foo: '', lang: null },
  });
});

test('11. a module without main, with a syntax error or of another name is refused with its file, and nothing is left', async () => {
  await using place = await createPlace(config);
  await place.write('no-main.mjs', 'export const mine = 1;\n');
  await place.write('broken.mjs', 'export async function main(ctx) {\n  await ctx.run(;\n}\n');
  await place.write('path/called.mjs', "export const name = 'otherwise';\nexport async function main(ctx) {\n  await ctx.run();\n}\n");
  await place.up();
  const before = await place.processes();
  const refusals = [
    ['./no-main.mjs', ['no-main.mjs', 'main']],
    ['./broken.mjs', ['broken.mjs:2']],
    ['called', ['path/called.mjs', 'called', 'otherwise']],
  ] as const;
  for (const [target, texts] of refusals) {
    const ran = await place.muster('load', target);
    expect([ran.code === 0, ran.stdout]).toEqual([false, '']);
    for (const text of texts) expect(ran.stderr).toContain(text);
  }
  expect((await place.list()).map(({ name }) => name)).toEqual(['tiny']);
  expect(await place.processes()).toEqual(before);
});

test('12. a module that throws before it runs fails its load with text and output, and frees its name', async () => {
  await using place = await createPlace(config);
  await place.write(
    'fails.mjs',
    "export async function main(ctx) {\n  console.log('opening the database');\n  throw new Error('the database is locked');\n}\n",
  );
  await place.up();
  const failed = await place.muster('load', './fails.mjs');
  expect(failed).toMatchObject({ code: 4, stdout: '' });
  expect(failed.stderr).toContain('the database is locked');
  expect(failed.stderr).toContain('opening the database');
  expect((await place.list()).map(({ name }) => name)).toEqual(['tiny']);
  expect(await place.muster('load', '--name', 'fails', fixture('tiny.mjs'))).toMatchObject({ code: 0 });
});

test('13. a module that does not come to run is given up after startTimeout, while others answer', async () => {
  await using place = await createPlace(config);
  await place.up();
  using daemon = await talk(place);
  await place.write(
    'muster.yaml',
    `${config}  stuck: {module: ${fixture('starts-at-gate.mjs')}, startTimeout: 500ms, stopTimeout: 100ms}\n`,
  );
  const reloading = daemon.muster('reload', {});
  let ended = false;
  void reloading.finally(() => {
    ended = true;
  });
  let answered = 0;
  const result = await within(3000, async () => {
    while (!ended) answered += await daemon.ask<number>('tiny.echo', 1);
    return await reloading;
  });
  expect(answered).toBeGreaterThan(10);
  expect(result).toMatchObject({ exitCode: 4, changes: [{ name: 'stuck', status: 'failed', error: { code: 'ETIMEDOUT' } }] });
  expect(await place.module('stuck')).toMatchObject({ state: 'E', failed: true, pid: null, threadId: null });
  expect(await place.muster('remove', 'stuck')).toMatchObject({ code: 0 });
  expect((await place.list()).map(({ name }) => name)).toEqual(['tiny']);
});

test('14. while a module starts, it is listed, not loaded twice, and requests to it wait', async () => {
  await using place = await createPlace(config);
  await place.up();
  using daemon = await talk(place);
  const gate = join(place.dir, 'gate');
  const loading = place.muster('load', '--name', 'slow', fixture('starts-at-gate.mjs'), gate);
  await until(async () => (await daemon.muster('list', {})).modules.some(({ name }) => name === 'slow'), 'it is listed');
  expect((await place.module('slow')).state).toBe('I');
  expect(await place.muster('load', '--name', 'slow', fixture('starts-at-gate.mjs'), gate)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('EEXIST'),
  });
  const answers: unknown[] = [];
  const asked = daemon.ask('slow.hello').then((answer) => answers.push(answer));
  await until(async () => (await place.module('slow')).queued === 1, 'the request waits');
  expect(answers).toEqual([]);
  await place.write('gate', '');
  await asked;
  expect(answers).toEqual(['hello']);
  expect(await loading).toMatchObject({ code: 0 });
  expect((await place.module('slow')).state).toBe('R');
});
