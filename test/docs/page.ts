import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

const folder = join(import.meta.dirname, '../../src/docs');

export const pages = [
  'config',
  'commands',
  'reconcile',
  'gitops',
  'modules',
  'hosts',
  'gateway',
  'processes',
  'packages',
  'messages',
  'operate',
  'metrics',
  'logs',
  'supervise',
  'coming-from',
] as const;
export type Page = (typeof pages)[number];

export const pathOf = (page: Page): string => join(folder, `${page}.md`);

export const textOf = (page: Page): string => readFileSync(pathOf(page), 'utf8');

/** Checks the generated part of a page; with UPDATE=1 writes it. */
export function expectGenerated(page: Page, part: string, wanted: string): void {
  const text = textOf(page);
  const [, before, between, after] = new RegExp(`^(.*<!-- generated: ${part};[^\\n]*-->\\n)(.*?)(<!-- end -->.*)$`, 's').exec(text) ?? [];
  if (before === undefined || after === undefined) throw new Error(`${pathOf(page)} has no place for the generated part "${part}"`);
  const now = `\n${wanted}\n\n`;
  if (between === now) return;
  if (process.env.UPDATE === '1') writeFileSync(pathOf(page), before + now + after);
  else {
    const how = `UPDATE=1 npx vitest run --config test/vitest.config.ts test/docs`;
    expect(between, `src/docs/${page}.md is out of date; to write it anew: ${how}`).toBe(now);
  }
}

export interface Fence {
  language: string;
  text: string;
}

/** The fenced blocks of a text. */
export function fencesOf(text: string): Fence[] {
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = '', inner = '']) => ({ language, text: inner }));
}

/** Files of a page: blocks of code that say their name in their first line. */
export function filesOf(text: string): { file: string; text: string }[] {
  return fencesOf(text).flatMap(({ text: code }) => {
    const file = /^\/\/ (\S+)\n/.exec(code)?.[1];
    return file === undefined ? [] : [{ file, text: code }];
  });
}

/** All the modules that a page declares, as one config. */
export function configOf(text: string): string {
  const entries = fencesOf(text).filter(({ language, text: yaml }) => language === 'yaml' && yaml.startsWith('modules:\n'));
  return `version: 1\nmodules:\n${entries.map(({ text: yaml }) => yaml.replace('modules:\n', '')).join('')}`;
}

/** The cells of all rows of the tables in a section of a page, without code marks. */
export function rowsOf(page: Page, heading: string): string[][] {
  const section = textOf(page).split(`\n${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const lines = section.split('\n').filter((line) => /^\| (?!-)/.test(line));
  return lines.map((line) =>
    line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replace(/^`(.*)`$/, '$1')),
  );
}
