import { spawn } from 'node:child_process';
import { cpSync, symlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { cli, createPlace, json, until } from '../support/place.ts';

const root = join(import.meta.dirname, '../..');

interface Block {
  script: string;
  output: string[];
}

/** The commands of the tour as they stand in the README, each with the output shown below it. */
async function tour(): Promise<Block[]> {
  const text = await readFile(join(root, 'README.md'), 'utf8');
  const section = text.slice(text.indexOf('## The first five minutes'), text.indexOf('## Three ways'));
  return [...section.matchAll(/```sh\n(.*?)```\n(?:```text\n(.*?)```)?/gs)].map(([, script = '', output = '']) => ({
    script,
    output: output.split('\n').filter((line) => line.trim() !== ''),
  }));
}

/** A line of the README as a pattern: `…` stands for anything, and blanks for blanks. */
function pattern(line: string): RegExp {
  const parts = line.split('…').map((part) =>
    part
      .trim()
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replace(/\s+/g, '\\s+'),
  );
  return new RegExp(parts.join('.*'));
}

function bash(script: string, cwd: string, stateDir: string): Promise<string> {
  return new Promise((resolve) => {
    const { NODE_OPTIONS, VITEST, ...env } = process.env;
    // Errors a person sees go to the same terminal as the rest.
    const child = spawn('bash', ['-c', `exec 2>&1\nmuster() { node dist/cli.cjs "$@"; }\n${script}`], {
      cwd,
      env: { ...env, MUSTER_STATE_DIR: stateDir, NO_COLOR: '1' },
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    child.on('close', () => resolve(output));
  });
}

test('the first five minutes of the README work as pasted', { timeout: 90_000 }, async () => {
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
  await until(() => printed.includes('Next, in another terminal'), 'npm start has printed what to do next', 30_000);
  expect(printed).toContain('Applied: 5 loaded.');
  await until(async () => json(await place.muster('status', '--json')) !== null, 'the daemon answers');

  for (const { script, output } of await tour()) {
    const shown = await bash(script, place.dir, place.stateDir);
    let rest = shown.split('\n');
    for (const line of output) {
      const found = rest.findIndex((candidate) => pattern(line).test(candidate));
      expect(found, `"${line}" in the output of\n${script}\n${shown}`).toBeGreaterThanOrEqual(0);
      rest = rest.slice(found + 1);
    }
    await expectExitCodes(script, place.dir, place.stateDir);
  }
});

/** Lines that say `# exits N` do: they change nothing, so they can be run once more. */
async function expectExitCodes(script: string, cwd: string, stateDir: string): Promise<void> {
  for (const [index, line] of script.split('\n').entries()) {
    const code = /^(.*?)\s+# exits (\d+)$/.exec(line);
    if (code === null) continue;
    const before = script.split('\n').slice(0, index).join('\n');
    const after = script
      .split('\n')
      .slice(index + 1)
      .join('\n');
    const output = await bash(`${before}\n${code[1]} > /dev/null 2>&1; echo "exited $?"\n${after}`, cwd, stateDir);
    expect(output, line).toContain(`exited ${code[2]}`);
  }
}
