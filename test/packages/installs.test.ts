import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { PackageProgram } from '../../src/model/package.ts';
import { type Install, type Installs, isThere, openInstalls } from '../../src/packages/installs.ts';
import { quiet } from '../support/quiet.ts';

const minute = 60_000;

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'muster-installs-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return join(dir, 'packages');
}

async function enter(installs: Installs, module: string, id: string, at: number, more: Partial<Install> = {}): Promise<Install> {
  const prefix = installs.place(module, id);
  const programs = [{ script: join(prefix, 'index.js') } as PackageProgram];
  const install = {
    key: 'key',
    prefix,
    folder: prefix,
    at,
    digest: id,
    name: module,
    version: '1.0.0',
    programs,
    notes: [],
    pin: null,
    ...more,
  };
  const staged = await installs.begin();
  writeFileSync(join(staged, 'index.js'), '');
  writeFileSync(join(staged, 'package.json'), '');
  await installs.enter(staged, install);
  return install;
}

test('what was entered is found again by another daemon; what was only staged is gone', async () => {
  const dir = folder();
  const first = openInstalls(dir, quiet);
  const { prefix } = await enter(first, 'a', 'one', 1);
  const staged = await first.begin();
  mkdirSync(join(staged, 'node_modules'));
  mkdirSync(join(dir, 'a', 'without-record'));
  const second = openInstalls(dir, quiet);
  expect(existsSync(staged)).toBe(false);
  expect(existsSync(join(dir, 'a', 'without-record'))).toBe(false);
  expect(second.last('a', () => true)).toMatchObject({ prefix, digest: 'one' });
  expect(second.of(join(prefix, 'index.js'))?.digest).toBe('one');
  expect(second.of(`${prefix}-other/index.js`)).toBeNull();
  expect(second.last('b', () => true)).toBeNull();
});

test('the last one that fits counts, also where somebody has removed its folder, which is told', async () => {
  const dir = folder();
  const installs = openInstalls(dir, quiet);
  await enter(installs, 'a', 'one', 1);
  await enter(installs, 'a', 'two', 2);
  const third = await enter(installs, 'a', 'three', 3);
  await enter(installs, 'a', 'other', 4, { key: 'other' });
  const last = () => installs.last('a', ({ key }) => key === 'key')?.digest;
  expect(last()).toBe('three');
  expect(isThere(third)).toBe(true);
  rmSync(third.prefix, { recursive: true });
  expect(last()).toBe('three');
  expect(isThere(third)).toBe(false);
  expect(openInstalls(dir, quiet).of(join(third.prefix, 'index.js'))?.digest).toBe('three');
});

test('what nothing refers to is removed once it is old, or at once where that is said', async () => {
  const installs = openInstalls(folder(), quiet);
  const used = await enter(installs, 'a', 'used', 0);
  const old = await enter(installs, 'a', 'old', 0);
  const young = await enter(installs, 'b', 'young', 19 * minute);
  const done = await enter(installs, 'c', 'done', 19 * minute);
  const there = () => [used, old, young, done].map(({ prefix }) => existsSync(prefix));
  const path = ({ prefix }: Install) => join(prefix, 'index.js');
  await installs.prune(new Set([path(used)]), new Set([path(used), path(done)]), 20 * minute);
  expect(there()).toEqual([true, false, true, false]);
  expect(existsSync(dirname(done.prefix))).toBe(false);
  expect(installs.of(path(old))).toBeNull();
});

test('what an earlier daemon installed and nothing refers to is removed at once, unless a run asks for it', async () => {
  const dir = folder();
  const first = openInstalls(dir, quiet);
  const [left, asked] = [await enter(first, 'a', 'left', 0), await enter(first, 'b', 'asked', 0)];
  const second = openInstalls(dir, quiet);
  second.take(asked, minute);
  await second.prune(new Set(), new Set(), minute);
  expect([left, asked].map(({ prefix }) => existsSync(prefix))).toEqual([false, true]);
  expect(openInstalls(dir, quiet).of(join(left.prefix, 'index.js'))).toBeNull();
});
