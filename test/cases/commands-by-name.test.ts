import { expect, test } from 'vitest';
import { createPlace } from '../support/place.ts';

const config = `version: 1
modules:
  one: ./same.mjs
  two: ./same.mjs
  web-1: {command: [sleep, "1000"]}
  web-2: {command: [sleep, "1000"], requires: [web-1]}
`;
const same = 'export async function main(ctx) {\n  await ctx.run();\n}\n';

test('A path that several modules have names none of them', async () => {
  await using place = await createPlace(config);
  await place.write('same.mjs', same);
  await place.up();
  const ran = await place.muster('remove', './same.mjs');
  expect(ran).toMatchObject({ code: 1, stdout: '' });
  expect(ran.stderr).toContain('is the path of one, two (EINVAL)');
  expect(await place.list()).toHaveLength(4);
});

test('Holds have dates, go by globs, and refuse with the code of what is wrong', async () => {
  await using place = await createPlace(config);
  await place.write('same.mjs', same);
  await place.up();
  expect(await place.muster('hold', 'web-*', '--reason', 'INC-1', '--for', '1000h')).toMatchObject({ code: 0 });
  const { held } = await place.status();
  expect(held.map(({ name, reason }) => [name, reason])).toEqual([
    ['web-1', 'INC-1'],
    ['web-2', 'INC-1'],
  ]);
  expect(Date.parse(held[0]?.until ?? '') - Date.parse(held[0]?.since ?? '')).toBe(1000 * 3_600_000);
  expect((await place.module('web-1')).held).toEqual(held[0]);

  // In use as well as held: that it is in use says more.
  const used = await place.muster('remove', 'web-1');
  expect([used.code, used.stderr]).toEqual([1, expect.stringContaining('(EBUSY)')]);
  const named = await place.muster('remove', '--recursive', 'web-1');
  expect([named.code, named.stderr]).toEqual([8, expect.stringContaining('is held: INC-1 (EREFUSED)')]);

  expect(await place.muster('release', 'web-*')).toMatchObject({ code: 0 });
  expect((await place.status()).held).toEqual([]);
});

test('What is removed with a hold comes with no warning that it would be loaded again', async () => {
  await using place = await createPlace(config);
  await place.write('same.mjs', same);
  await place.up();
  expect(await place.muster('remove', '--hold', '--reason', 'INC-1', 'one')).toMatchObject({ code: 0, stderr: '' });
  expect((await place.muster('remove', 'two')).stderr).toContain('the next reconcile loads it again');
});
