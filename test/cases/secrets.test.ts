import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createPlace } from '../support/place.ts';

const value = 'correct-horse-battery';
const config = `version: 1
modules:
  talker:
    module: ./talker.mjs
    env: {TOKEN: {secret: "file:./token"}}
`;
const talks = (then: string): string => `export async function main(ctx) {
  ctx.status('info', 'using ' + process.env.TOKEN);
  ${then}
  await ctx.run();
}
`;

test('A secret that a module says in its status or throws is in nothing that muster shows', async () => {
  await using place = await createPlace(config);
  await place.write('token', `${value}\n`);
  await place.write('talker.mjs', talks(''));
  await place.up();
  expect((await place.module('talker')).status.message).toBe('using ***');

  await place.write('talker.mjs', talks("console.log(process.env.TOKEN); throw new Error('no good: ' + process.env.TOKEN);"));
  const shown = [];
  for (const args of [['reload'], ['reload', '--json'], ['status', '--json'], ['info', 'talker'], ['events', '--json'], ['list']]) {
    const { stdout, stderr } = await place.muster(...args);
    shown.push(stdout, stderr);
  }
  expect(shown[0]).toContain('no good: ***');
  expect(shown.join('')).not.toContain(value);
  expect(await readFile(join(place.stateDir, 'log', 'muster.log'), 'utf8').catch(() => '')).not.toContain(value);
});
