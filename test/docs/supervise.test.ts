import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { cli, run } from '../support/place.ts';
import { fencesOf, textOf } from './page.ts';

/** Each example and what the page says it prints. */
const examples = fencesOf(textOf('supervise')).flatMap(({ language, text }, index, all) => {
  const file = /^\/\/ (\S+)\n/.exec(text)?.[1];
  return language === 'js' && file !== undefined ? [{ file, text, printed: all[index + 1]?.text ?? '' }] : [];
});

test('the page has examples', () => expect(examples.length).toBeGreaterThan(2));

test.each(examples)('the example $file on the page of supervise prints what the page says', async ({ file, text, printed }) => {
  const dir = await mkdtemp(join(tmpdir(), 'muster-example-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const musterd = join(dir, 'node_modules/musterd');
  await mkdir(musterd, { recursive: true });
  await symlink(resolve(dirname(cli)), join(musterd, 'dist'));
  await writeFile(join(musterd, 'package.json'), JSON.stringify({ type: 'module', exports: './dist/index.js' }));
  await writeFile(join(dir, file), text);
  const ran = await run([file], dir, { cwd: dir });
  expect(ran.stderr).toBe('');
  expect(ran.stdout).toBe(printed);
});
