import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { PackageProgram } from '../../src/model/package.ts';
import { type Install, type Installs, openInstalls } from '../../src/packages/installs.ts';
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
  expect(second.last('a', () => true)).toMatchObject({ prefix, digest: 'one' });
  expect(second.of(join(prefix, 'index.js'))?.digest).toBe('one');
  expect(second.of(`${prefix}-other/index.js`)).toBeNull();
  expect(second.last('b', () => true)).toBeNull();
});

test('the last one that fits counts, and none whose folder somebody has removed', async () => {
  const installs = openInstalls(folder(), quiet);
  await enter(installs, 'a', 'one', 1);
  await enter(installs, 'a', 'two', 2);
  const third = await enter(installs, 'a', 'three', 3);
  await enter(installs, 'a', 'other', 4, { key: 'other' });
  const last = () => installs.last('a', ({ key }) => key === 'key')?.digest;
  expect(last()).toBe('three');
  rmSync(third.prefix, { recursive: true });
  expect(last()).toBe('two');
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
