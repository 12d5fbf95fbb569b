import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { expect } from 'vitest';
import { cli, type Place } from '../support/place.ts';

/** Commands that a page shows, with the output shown below them. */
export interface Shown {
  readonly script: string;
  readonly output: readonly string[];
}

/** The `sh` blocks of a text, in order; the output is that of the `text` block that follows. */
export function shownIn(text: string): Shown[] {
  return [...text.matchAll(/```sh\n(.*?)```\n+(?:```text\n(.*?)```)?/gs)].map(([, script = '', output = '']) => ({
    script,
    output: output.split('\n').filter((line) => line.trim() !== ''),
  }));
}

/** Runs the commands in the folder of a place and looks for each line shown, in order. */
export async function expectShown({ script, output }: Shown, place: Pick<Place, 'dir' | 'stateDir'>): Promise<void> {
  let printed = await bash(script, place);
  // A line of a log may come a moment after what it tells of.
  const deadline = Date.now() + 5000;
  while (/^(?:muster logs \S+\n)+$/.test(script) && missing(output, printed) !== null && Date.now() < deadline) {
    printed = await bash(script, place);
  }
  expect(missing(output, printed), `is missing in the output of\n${script}\n${printed}`).toBeNull();
}

/** The first of these lines that does not come where it should. */
function missing(lines: readonly string[], printed: string): string | null {
  let rest = printed.split('\n');
  for (const line of lines) {
    const found = rest.findIndex((candidate) => pattern(line).test(candidate));
    if (found === -1) return line;
    rest = rest.slice(found + 1);
  }
  return null;
}

/** What the commands print, errors among it: a person sees both in one terminal. */
export function bash(script: string, { dir, stateDir }: Pick<Place, 'dir' | 'stateDir'>): Promise<string> {
  return new Promise((resolve) => {
    const { NODE_OPTIONS, VITEST, ...env } = process.env;
    const muster = `muster() { '${process.execPath}' '${cli}' "$@"; }`;
    // Ended with all that it started: a page that waits for what does not come is out of date.
    const child = spawn('timeout', ['60', 'bash', '-c', `exec 2>&1\n${muster}\n${script}`], {
      cwd: dir,
      env: { ...env, MUSTER_STATE_DIR: stateDir, NO_COLOR: '1', TMPDIR: dir, PATH: `${dirname(process.execPath)}:${env.PATH}` },
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    child.on('close', () => resolve(output));
  });
}

/** A line of a page as a pattern: `…` stands for anything, and blanks for blanks. */
export function pattern(line: string): RegExp {
  const parts = line.split('…').map((part) =>
    part
      .trim()
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replace(/\s+/g, '\\s+'),
  );
  return new RegExp(parts.join('.*'));
}
