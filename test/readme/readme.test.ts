import { spawn } from 'node:child_process';
import { cpSync, symlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { bash, expectShown, type Shown, shownIn } from '../docs/shown.ts';
import { cli, createPlace, json, type Place, until } from '../support/place.ts';

const root = join(import.meta.dirname, '../..');

/** The commands of the tour as they stand in the README, each with the output shown below it. */
async function tour(): Promise<Shown[]> {
  const text = await readFile(join(root, 'README.md'), 'utf8');
  return shownIn(text.slice(text.indexOf('## The first five minutes'), text.indexOf('## Three ways')));
}

test('the first five minutes of the README work as pasted', async () => {
  await using place = await createPlace();
  for (const part of ['package.json', 'config.example.yaml', 'src/examples', 'src/index.ts', 'src/model']) {
    cpSync(join(root, part), join(place.dir, part), { recursive: true });
  }
  cpSync(dirname(cli), join(place.dir, 'dist'), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(place.dir, 'node_modules'));
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  expect(readme).toContain('npm ci && npm start');
  expect(readme).toContain('npm ci && npm test');

  // What `npm ci` installs is here already: the tests themselves run on it.
  const { NODE_OPTIONS, VITEST, ...env } = process.env;
  const daemon = spawn('npm', ['start'], { cwd: place.dir, env: { ...env, MUSTER_STATE_DIR: place.stateDir, NO_COLOR: '1' } });
  let printed = '';
  daemon.stdout.setEncoding('utf8').on('data', (chunk: string) => (printed += chunk));
  daemon.stderr.resume();
  await until(() => printed.includes('Next, in another terminal'), 'npm start has printed what to do next');
  expect(printed).toContain('Applied: 9 loaded.');
  await until(async () => json(await place.muster('status', '--json')) !== null, 'the daemon answers');

  for (const shown of await tour()) {
    await expectShown(shown, place);
    await expectExitCodes(shown.script, place);
  }
});

/** Lines that say `# exits N` do: they change nothing, so they can be run once more. */
async function expectExitCodes(script: string, place: Place): Promise<void> {
  const lines = script.split('\n');
  for (const [index, line] of lines.entries()) {
    const code = /^(.*?)\s+# exits (\d+)$/.exec(line);
    if (code === null) continue;
    const [before, after] = [lines.slice(0, index).join('\n'), lines.slice(index + 1).join('\n')];
    const output = await bash(`${before}\n${code[1]} > /dev/null 2>&1; echo "exited $?"\n${after}`, place);
    expect(output, line).toContain(`exited ${code[2]}`);
  }
}
