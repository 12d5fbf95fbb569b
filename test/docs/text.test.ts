import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { OptionSpec } from '../../src/cli/command.ts';
import { table } from '../../src/cli/commands/table.ts';
import { exitCode } from '../../src/model/exit-code.ts';
import { defaultPolicy } from '../../src/model/policy.ts';
import { formatDuration } from '../../src/model/units.ts';
import { fencesOf, pages, pathOf, rowsOf, textOf } from './page.ts';

const root = join(import.meta.dirname, '../..');
const global = ['--daemon', '--state-dir', '--socket', '--json', '--no-color', '--help', '--version'];

/** `muster …` lines of a page that somebody may paste. */
function commandLines(text: string): string[] {
  const scripts = fencesOf(text).filter(({ language }) => language === 'sh');
  const lines = scripts.flatMap(({ text: script }) => script.split('\n'));
  const inline = [...text.matchAll(/`(muster [^`\n]+)`/g)].map(([, line = '']) => line);
  return [...lines, ...inline].flatMap((line) =>
    [...line.matchAll(/(?:^|&& |\$\()muster ([^|>&#)]+)/g)].map(([, rest = '']) => rest.trim()),
  );
}

function flagsOf(options: readonly OptionSpec[] = []): string[] {
  return options.filter(({ hidden }) => hidden !== true).flatMap(({ flags }) => flags.match(/--?[a-z][\w-]*/gi) ?? []);
}

test.each(pages)('command lines on the page %s are ones that muster takes', (page) => {
  for (const line of commandLines(textOf(page))) {
    const [name = '', ...words] = line.split(/\s+/);
    if (/^[[A-Z-]/.test(name)) continue; // a pattern of a line, or global options first
    const command = table.find((each) => each.name === name);
    expect(command, `there is a command for: muster ${line}`).toBeDefined();
    const known = [...global, ...flagsOf(command?.options)];
    const end = command?.passThrough === true ? words.findIndex((word) => !word.startsWith('-')) : -1;
    const own = end === -1 ? words : words.slice(0, end);
    for (const word of own.filter((each) => /^-/.test(each))) expect(known, `muster ${line}`).toContain(word.split('=')[0]);
  }
});

test.each(pages)('links on the page %s lead somewhere', (page) => {
  const targets = [...textOf(page).matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target);
  for (const target of targets.filter((each) => !/^https?:/.test(each))) {
    const [file = '', anchor] = target.split('#');
    const path = file === '' ? pathOf(page) : join(root, 'src/docs', file);
    expect(existsSync(path), `${target} on ${page}`).toBe(true);
    if (anchor === undefined) continue;
    const anchors = [...readFileSync(path, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => anchorOf(title));
    expect(anchors, `${target} on ${page}`).toContain(anchor);
  }
});

const anchorOf = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');

test('the table of exit codes has each one', () => {
  const documented = rowsOf('commands', '## Exit codes').map(([code]) => code);
  expect(documented.filter((code) => /^\d+$/.test(code ?? ''))).toEqual(Object.values(exitCode).map(String));
});

test('the table of the policy has each key with its default', () => {
  const documented = rowsOf('config', '## Policy').slice(1);
  const { interval, ...rest } = defaultPolicy;
  const wanted = Object.entries({ ...rest, interval: formatDuration(interval) }).map(([key, value]) => [key, String(value)]);
  expect(documented.map((row) => row.slice(0, 2)).sort()).toEqual(wanted.sort());
});

test('the table of error codes has each one that the program knows', () => {
  const source = readFileSync(join(root, 'src/model/error.ts'), 'utf8');
  const codes = [...source.matchAll(/^ {2}\| '(E[A-Z0-9]+)'/gm)].map(([, code]) => code);
  const documented = rowsOf('operate', '## When something is wrong').map(([code = '']) => code);
  expect(documented.filter((code) => /^E[A-Z0-9]+$/.test(code)).sort()).toEqual(codes.sort());
});
