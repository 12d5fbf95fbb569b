import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { config, cutWire, gitAt, gitDaemon, isOpen, killGroup, repository, rubbish, sourceOf, tempDir } from './support.ts';

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
  const { source, dir: own, processes } = await sourceOf({ url, maxFetch: 500_000 });
  await source.sync({ applied: null });
  commit({ large: noise(3_000_000) });
  // The end of it never comes.
  wire.cutAfter(1_500_000);
  const { doc } = await source.sync({ applied: first });
  expect(doc).toMatchObject({ revision: first, problem: { code: 'refused' } });
  expect(doc.problem?.message).toContain('more than 500000 to fetch (source.git.maxFetch)');
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
  const { url, port, process: daemon } = await gitDaemon(dir);
  const { source, lines } = await sourceOf({ url: `${url}/repo.git` });
  await source.sync({ applied: null });
  renameSync(bare, `${bare}-gone`);
  const gone = await source.sync({ applied: first });
  expect(gone.doc.problem).toMatchObject({ code: 'unreachable', message: expect.stringContaining('check source.git.url') });
  renameSync(`${bare}-gone`, bare);
  expect((await source.sync({ applied: first })).doc.problem).toBe(null);
  killGroup(daemon.pid ?? 0);
  if (daemon.exitCode === null && daemon.signalCode === null) await once(daemon, 'exit');
  // What it has begun ends with it, but not before it: until then the port is open, and git says something else.
  while (await isOpen(port)) await pause(10);
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

test('a mirror that is made anew does without what is in no history any more', async () => {
  const { bare, commit } = repository();
  const one = await sourceOf({ url: `file://${bare}`, allowRewind: true });
  const gone = commit({ 'muster.yaml': config });
  await one.source.sync({ applied: null });
  const second = commit({ 'muster.yaml': `${config}# 2\n` }, 'Two', '--amend');
  await one.source.sync({ applied: gone });
  gitAt(bare)('reflog', 'expire', '--expire=now', '--all');
  gitAt(bare)('gc', '--quiet', '--prune=now');
  rmSync(join(one.dir, 'mirror.git'), { recursive: true });
  await one.source.close();
  const two = await sourceOf({ url: `file://${bare}`, allowRewind: true }, { dir: one.dir });
  const third = commit({ 'muster.yaml': `${config}# 3\n` });
  expect((await two.source.sync({ applied: second })).doc).toMatchObject({ revision: third, problem: null });
  expect(await two.source.restore(gone)).toBe(false);
  expect(await two.source.restore(second)).toBe(true);
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

test('files of the checkout that somebody has changed or removed are as the commit has them after the next look', async () => {
  const dir = tempDir();
  const { commit, bare } = repository(dir);
  commit({ 'muster.yaml': config, 'run.sh': 'true\n', 'conf.d/a.yaml': 'a\n' });
  const { source, dir: own } = await sourceOf({ url: bare });
  const { root } = await source.sync({ applied: null });
  const read = (path: string) => readFileSync(join(own, 'current', path), 'utf8');
  expect((await source.sync({ applied: null })).moved).toBe(false);
  writeFileSync(join(own, 'current/muster.yaml'), `${config}# other\n`);
  rmSync(join(own, 'current/conf.d'), { recursive: true });
  writeFileSync(join(own, 'current/pid'), '7\n');
  const mended = await source.sync({ applied: null });
  expect(mended).toMatchObject({ moved: true, root, doc: { problem: null } });
  expect([read('muster.yaml'), read('conf.d/a.yaml'), read('pid')]).toEqual([config, 'a\n', '7\n']);
  expect((await source.sync({ applied: null })).moved).toBe(false);

  for (const gone of ['current', 'checkouts', '.']) {
    rmSync(join(own, gone), { recursive: true });
    expect((await source.sync({ applied: null })).doc.problem).toBeNull();
    expect(read('muster.yaml')).toBe(config);
  }
  // Also what was changed while no daemon looked on.
  await source.close();
  writeFileSync(join(own, 'current/muster.yaml'), 'version: 1\nmodules: {x: {}}\n');
  const again = await sourceOf({ url: bare }, { dir: own });
  expect((await again.source.sync({ applied: null })).moved).toBe(true);
  expect(read('muster.yaml')).toBe(config);
});
