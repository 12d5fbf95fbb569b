import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  promises,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { SpawnSpec } from '../../../src/model/keeper.ts';
import { usualBounds } from '../../../src/sources/git/tree.ts';
import { keeper } from '../../keeper/support/keeper.ts';
import { config, cutWire, gitAt, gitDaemon, killGroup, repository, sourceOf, tempDir } from './support.ts';

/** Bytes that do not shrink when they are packed. */
function noise(bytes: number): string {
  let state = 1;
  return Buffer.from(
    Uint8Array.from({ length: bytes }, () => {
      state = (state * 48271) % 2147483647;
      return state & 0xff;
    }),
  ).toString('base64');
}

function gitsOf(dir: string): number[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(dir) ? [Number(pid)] : [];
    } catch {
      return [];
    }
  });
}

test('a wire that is cut in the middle changes nothing, and the next look goes through', async () => {
  const dir = tempDir();
  const { commit } = repository(dir);
  const first = commit({ 'muster.yaml': config });
  const { port } = await gitDaemon(dir);
  const wire = await cutWire(port, Number.POSITIVE_INFINITY);
  const { source, dir: own } = await sourceOf({ url: `git://127.0.0.1:${wire.port}/repo.git` });
  await source.sync({ applied: null });
  const second = commit({ large: noise(600_000) });
  wire.cutAfter(300_000);
  const { doc, moved } = await source.sync({ applied: first });
  expect(moved).toBe(false);
  expect(doc).toMatchObject({ revision: first, problem: { code: 'unreachable', revision: null } });
  expect(readFileSync(join(own, 'current/muster.yaml'), 'utf8')).toBe(config);
  wire.mend();
  expect((await source.sync({ applied: first })).doc).toMatchObject({ revision: second, problem: null });
  expect(rubbish(own)).toEqual([]);
});

/** What nobody removed: parts, locks, packs that were not finished. */
function rubbish(own: string): string[] {
  return readdirSync(own, { recursive: true, encoding: 'utf8' }).filter((name) => /\.part-|\.lock$|tmp_|^tmp\//.test(name));
}

test('a server that falls silent is given up after the timeout, with all that git has started', async () => {
  const dir = tempDir();
  const { commit } = repository(dir);
  const first = commit({ 'muster.yaml': config });
  const { port } = await gitDaemon(dir);
  const wire = await cutWire(port, Number.POSITIVE_INFINITY, 'hang');
  const url = `git://127.0.0.1:${wire.port}/repo.git`;
  const patient = await sourceOf({ url });
  await patient.source.sync({ applied: null });
  await patient.source.close();
  const { source, dir: own } = await sourceOf({ url, timeout: 300 }, { dir: patient.dir });
  wire.cutAfter(0);
  const { doc } = await source.sync({ applied: first });
  expect(doc).toMatchObject({ revision: first, problem: { code: 'unreachable' } });
  expect(doc.problem?.message).toBe(`${url} did not answer whole within 0.3 s (source.git.timeout)`);
  expect(gitsOf(own)).toEqual([]);
});

test('what is too large is given up while it still comes', async () => {
  const dir = tempDir();
  const { commit } = repository(dir);
  const first = commit({ 'muster.yaml': config });
  const { port } = await gitDaemon(dir);
  const wire = await cutWire(port, Number.POSITIVE_INFINITY, 'hang');
  const url = `git://127.0.0.1:${wire.port}/repo.git`;
  const { source, dir: own, processes } = await sourceOf({ url }, { bounds: { ...usualBounds, mirrorBytes: 500_000 } });
  await source.sync({ applied: null });
  commit({ large: noise(3_000_000) });
  // The end of it never comes.
  wire.cutAfter(1_500_000);
  const { doc } = await source.sync({ applied: first });
  expect(doc).toMatchObject({ revision: first, problem: { code: 'refused' } });
  expect(doc.problem?.message).toContain('more than 500000 bytes to fetch');
  expect(gitsOf(own)).toEqual([]);
  wire.mend();
  const asked = processes.journal.length;
  expect((await source.sync({ applied: first })).doc.problem).toEqual(doc.problem);
  expect(
    processes.journal.slice(asked).filter((line) => line.startsWith('begin')),
    'it is not fetched again',
  ).toHaveLength(1);
  expect(rubbish(own)).toEqual([]);
  commit({ large: null }, 'Be small', '--amend');
  expect((await source.sync({ applied: first })).doc.problem).toBe(null);
});

test('who does not want it any more ends it at once, and nothing is said to be wrong', async () => {
  const dir = tempDir();
  const { commit } = repository(dir);
  commit({ 'muster.yaml': config });
  const { port } = await gitDaemon(dir);
  const wire = await cutWire(port, 0, 'hang');
  const { source, dir: own } = await sourceOf({ url: `git://127.0.0.1:${wire.port}/repo.git` });
  const unwanted = new AbortController();
  const looking = source.sync({ applied: null, signal: unwanted.signal });
  await wire.wasCut;
  unwanted.abort();
  expect(await looking).toMatchObject({ moved: false, doc: { revision: null, problem: null, fetchedAt: null } });
  expect(gitsOf(own)).toEqual([]);
  const other = source.sync({ applied: null });
  await source.close();
  expect((await other).doc.problem).toBe(null);
  expect(gitsOf(own)).toEqual([]);
});

test('who goes back does not wait for a look that hangs', async () => {
  const dir = tempDir();
  const { commit } = repository(dir);
  const first = commit({ 'muster.yaml': config });
  const { port } = await gitDaemon(dir);
  const wire = await cutWire(port, Number.POSITIVE_INFINITY, 'hang');
  const { source } = await sourceOf({ url: `git://127.0.0.1:${wire.port}/repo.git`, timeout: 100_000_000 });
  await source.sync({ applied: null });
  const second = commit({ 'muster.yaml': `${config}# 2\n` });
  await source.sync({ applied: first });
  wire.cutAfter(0);
  const looking = source.sync({ applied: second });
  await wire.wasCut;
  expect(await source.restore(first)).toBe(true);
  expect((await looking).moved).toBe(false);
  expect(source.doc).toMatchObject({ revision: first, problem: null });
});

test('a repository that is gone, or a daemon, is unreachable with since; it comes back by itself', async () => {
  const dir = tempDir();
  const { bare, commit } = repository(dir);
  const first = commit({ 'muster.yaml': config });
  const { url, process: daemon } = await gitDaemon(dir);
  const { source, lines } = await sourceOf({ url: `${url}/repo.git` });
  await source.sync({ applied: null });
  renameSync(bare, `${bare}-gone`);
  const gone = await source.sync({ applied: first });
  expect(gone.doc.problem).toMatchObject({ code: 'unreachable', message: expect.stringContaining('check source.git.url') });
  renameSync(`${bare}-gone`, bare);
  expect((await source.sync({ applied: first })).doc.problem).toBe(null);
  killGroup(daemon.pid ?? 0);
  if (daemon.exitCode === null && daemon.signalCode === null) await once(daemon, 'exit');
  const dead = await source.sync({ applied: first });
  expect(dead.doc).toMatchObject({ revision: first, problem: { code: 'unreachable' } });
  const since = dead.doc.problem?.since;
  const said = lines.length;
  expect((await source.sync({ applied: first })).doc.problem?.since).toBe(since);
  expect(lines.length, 'it is logged once').toBe(said);
});

test("what a killed git or daemon left is in nobody's way", async () => {
  const { bare, commit } = repository();
  const first = commit({ 'muster.yaml': config });
  const one = await sourceOf({ url: bare });
  await one.source.sync({ applied: null });
  await one.source.close();
  const left = ['shallow.lock', 'packed-refs.lock', 'HEAD.lock', 'config.lock', 'refs/muster/fetched.lock', 'objects/pack/tmp_pack_x'];
  for (const name of left) writeFileSync(join(one.dir, 'mirror.git', name), '');
  const half = join(one.dir, 'checkouts', `${'4'.repeat(40)}.part-x`);
  mkdirSync(half);
  writeFileSync(join(half, 'muster.yaml'), 'half');
  symlinkSync('nowhere', join(one.dir, 'current.part-x'));
  const second = commit({ 'muster.yaml': `${config}# 2\n` });
  const two = await sourceOf({ url: bare }, { dir: one.dir });
  expect((await two.source.sync({ applied: first })).doc).toMatchObject({ revision: second, problem: null });
  expect(rubbish(one.dir)).toEqual([]);
  expect(existsSync(half)).toBe(false);
});

const breaks: Record<string, (mirror: string, revision: string) => void> = {
  'is gone': (mirror) => rmSync(mirror, { recursive: true }),
  'has no objects': (mirror) => rmSync(join(mirror, 'objects'), { recursive: true }),
  'has a pack that was cut off': (mirror) => {
    const packs = join(mirror, 'objects/pack');
    for (const name of readdirSync(packs))
      if (name.endsWith('.pack')) truncateSync(join(packs, name), Math.floor(statSync(join(packs, name)).size / 2));
  },
  'has no HEAD': (mirror) => rmSync(join(mirror, 'HEAD')),
  'is no folder': (mirror) => {
    rmSync(mirror, { recursive: true });
    writeFileSync(mirror, 'x');
  },
};

test.each(Object.keys(breaks))('a mirror that %s is fetched anew; what is used stays meanwhile', async (how) => {
  const { bare, commit } = repository();
  const first = commit({ 'muster.yaml': config, 'other/file': noise(1000) });
  const one = await sourceOf({ url: `file://${bare}` });
  await one.source.sync({ applied: null });
  breaks[how]?.(join(one.dir, 'mirror.git'), first);
  await one.source.close();
  const second = commit({ 'muster.yaml': `${config}# 2\n` });
  const two = await sourceOf({ url: `file://${bare}` }, { dir: one.dir });
  expect((await two.source.sync({ applied: first })).doc).toMatchObject({ revision: second, problem: null });
  expect(gitAt(join(one.dir, 'mirror.git'))('cat-file', '-t', second)).toBe('commit');
});

test('a record that cannot be read costs what it says, and nothing else', async () => {
  const { bare, commit } = repository();
  const first = commit({ 'muster.yaml': config }, 'Begin');
  const one = await sourceOf({ url: bare });
  await one.source.sync({ applied: null });
  writeFileSync(join(one.dir, 'record.json'), '{"used": [{"rev');
  const two = await sourceOf({ url: bare }, { dir: one.dir });
  expect(two.source.doc).toMatchObject({ revision: first, subject: null });
  expect((await two.source.sync({ applied: first })).doc).toMatchObject({ revision: first, subject: 'Begin', problem: null });
});

/** From its step `at` on nothing that a source does to the disk comes back: as if its daemon had been killed then. */
function killedAt(at: number) {
  const changing = ['rename', 'rm', 'mkdir', 'symlink', 'writeFile', 'open'] as const;
  const own = Object.fromEntries(changing.map((name) => [name, promises[name]]));
  let steps = 0;
  let dead = (): void => {};
  const died = new Promise<void>((resolve) => {
    dead = resolve;
  });
  const step = (): boolean => {
    steps += 1;
    if (steps >= at) dead();
    return steps < at;
  };
  const never = new Promise<never>(() => {});
  const patched = (name: (typeof changing)[number]) =>
    Object.assign(promises, { [name]: (...args: unknown[]) => (step() ? (own[name] as (...args: unknown[]) => unknown)(...args) : never) });
  for (const name of changing) patched(name);
  syncBuiltinESMExports();
  const mend = (): void => {
    Object.assign(promises, own);
    syncBuiltinESMExports();
  };
  onTestFinished(mend);
  return { died, step, never, mend };
}

test('whenever a daemon is killed, the one revision or the other is there whole, and the next daemon goes on', async () => {
  const dir = tempDir();
  const { bare, commit } = repository(dir);
  const files = (turn: number) =>
    Object.fromEntries([['muster.yaml', config], ...Array.from({ length: 20 }, (_, at) => [`code/${at}`, `${turn}\n`])]);
  const first = commit(files(1));
  const base = await sourceOf({ url: bare });
  await base.source.sync({ applied: null });
  await base.source.close();
  const second = commit(files(2));
  const turnOf = (own: string): string => {
    const texts = Array.from({ length: 20 }, (_, at) => readFileSync(join(own, 'current/code', String(at)), 'utf8').trim());
    expect(readFileSync(join(own, 'current/muster.yaml'), 'utf8')).toBe(config);
    return [...new Set(texts)].join();
  };
  const seen = new Set<string>();
  // Every third of its steps, another third each time.
  const begin = 1 + (Date.now() % 3);
  let over = false;
  for (let at = begin; !over; at += 3) {
    const own = join(dir, `own-${at}`);
    cpSync(base.dir, own, { recursive: true, verbatimSymlinks: true });
    const processes = keeper();
    const kill = killedAt(at);
    const spawn = (spec: SpawnSpec) => (kill.step() ? processes.keeper.spawn(spec) : processes.keeper.spawn(spec).then(() => kill.never));
    const { source } = await sourceOf({ url: bare }, { dir: own, keeper: { spawn }, mortal: true });
    const done = source.sync({ applied: first }).then(() => 'done');
    over = (await Promise.race([done, kill.died])) === 'done';
    await processes.keeper.dispose();
    kill.mend();
    seen.add(turnOf(own));
    const next = await sourceOf({ url: bare }, { dir: own });
    const { doc } = await next.source.sync({ applied: first });
    expect(doc, `killed at step ${at}`).toMatchObject({ revision: second, problem: null });
    expect(turnOf(own)).toBe('2');
    expect(rubbish(own), `killed at step ${at}`).toEqual([]);
    rmSync(own, { recursive: true });
  }
  expect([...seen].sort()).toEqual(['1', '2']);
});
