import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { config, gitAt, gitDaemon, repository, sourceOf, tempDir } from './support.ts';

test('a commit is checked out whole, and the next one switched to; the root stays the same', async () => {
  const { bare, commit } = repository();
  const first = commit({ 'muster.yaml': config, 'code/a.ts': 'export {};\n' }, 'Begin');
  const { source, dir } = await sourceOf({ url: `file://${bare}` });
  expect(source.doc).toMatchObject({ revision: null, fetchedAt: null, problem: null });
  expect(source.root).toBe(null);
  const one = await source.sync({ applied: null });
  expect(one).toMatchObject({ moved: true, root: join(dir, 'current') });
  expect(one.doc).toMatchObject({
    ...{ kind: 'git', url: `file://${bare}`, ref: 'branch main', path: 'muster.yaml', revision: first, problem: null },
    ...{ subject: 'Begin', author: 'Alice <alice@example.com>', signer: null },
  });
  expect(Date.parse(one.doc.fetchedAt ?? '')).toBeGreaterThan(0);
  expect(readFileSync(join(dir, 'current', 'code/a.ts'), 'utf8')).toBe('export {};\n');
  expect(existsSync(join(dir, 'current', '.git'))).toBe(false);
  expect(await source.sync({ applied: first })).toMatchObject({ moved: false, doc: { revision: first } });
  const second = commit({ 'muster.yaml': `${config}# more\n`, 'code/a.ts': null }, 'Go on');
  const two = await source.sync({ applied: first });
  expect(two).toMatchObject({ moved: true, root: one.root, doc: { revision: second, subject: 'Go on' } });
  expect(readlinkSync(join(dir, 'current'))).toBe(`checkouts/${second}`);
  expect(readdirSync(join(dir, 'current'))).toEqual(['muster.yaml']);
  expect(lstatSync(dir).mode & 0o077).toBe(0);
});

test('over git daemon, as over a path, only as much history is fetched as is needed', async () => {
  const dir = tempDir();
  const { bare, commit, turns } = repository(dir);
  commit({ 'muster.yaml': config });
  turns(60);
  const tip = commit({});
  const { url } = await gitDaemon(dir);
  for (const from of [`${url}/repo.git`, bare]) {
    const made = await sourceOf({ url: from });
    expect((await made.source.sync({ applied: null })).doc).toMatchObject({ revision: tip, problem: null });
    const mirror = gitAt(join(made.dir, 'mirror.git'));
    expect(Number(mirror('rev-list', '--count', tip)), from).toBe(50);
  }
});

test.each(['annotated', 'light'])('a %s tag and a whole commit can be named as well as a branch', async (kind) => {
  const { bare, commit, git } = repository();
  const first = commit({ 'muster.yaml': config }, 'Begin');
  git('tag', ...(kind === 'annotated' ? ['-m', 'One', 'v1'] : ['v1']));
  commit({ 'muster.yaml': `${config}# more\n` });
  const byTag = await sourceOf({ url: bare, ref: { tag: 'v1' } });
  expect((await byTag.source.sync({ applied: null })).doc).toMatchObject({ ref: 'tag v1', revision: first, problem: null });
  expect((await byTag.source.sync({ applied: first })).doc).toMatchObject({ revision: first, problem: null });
  const byCommit = await sourceOf({ url: `file://${bare}`, ref: { commit: first } });
  expect((await byCommit.source.sync({ applied: null })).doc).toMatchObject({ revision: first, subject: 'Begin', problem: null });
  renameSync(bare, `${bare}-gone`);
  const again = await byCommit.source.sync({ applied: first });
  expect(again.doc, 'a commit that is here needs nobody').toMatchObject({ revision: first, problem: null });
});

test('what is not there is named, with what is; what is used goes on', async () => {
  const { bare, commit, git } = repository();
  const { source } = await sourceOf({ url: bare });
  const empty = await source.sync({ applied: null });
  expect(empty).toMatchObject({ moved: false, root: null, doc: { problem: { code: 'badRef', revision: null } } });
  expect(empty.doc.problem?.message).toBe(`${bare} is empty: nothing was pushed to it yet`);
  const first = commit({ 'muster.yaml': config, 'hosts/web1.yaml': config });
  expect((await source.sync({ applied: null })).doc).toMatchObject({ revision: first, problem: null });
  const second = commit({ 'muster.yaml': null });
  const gone = await source.sync({ applied: first });
  expect(gone.doc).toMatchObject({ revision: first, problem: { code: 'badPath', revision: second } });
  expect(gone.doc.problem?.message).toContain('there is no muster.yaml in the repository');
  git('branch', 'other');
  const folder = await sourceOf({ url: bare, ref: { branch: 'other' }, path: 'hosts' });
  expect((await folder.source.sync({ applied: null })).doc.problem?.message).toBe('hosts is a folder; source.git.path names a file');
  const near = await sourceOf({ url: bare, path: 'web1.yaml' });
  expect((await near.source.sync({ applied: null })).doc.problem?.message).toContain('there is hosts/web1.yaml');
  const branch = await sourceOf({ url: bare, ref: { branch: 'production' } });
  expect((await branch.source.sync({ applied: null })).doc.problem?.message).toBe(`${bare} has no branch production; there is main, other`);
  const tag = await sourceOf({ url: bare, ref: { tag: 'main' } });
  expect((await tag.source.sync({ applied: null })).doc.problem?.message).toBe(`${bare} has no tag main`);
  const commitless = await sourceOf({ url: bare, ref: { commit: '1'.repeat(40) } });
  expect((await commitless.source.sync({ applied: null })).doc.problem).toMatchObject({
    code: 'badRef',
    message: expect.stringContaining('1111'),
  });
});

test('a daemon that starts again knows without a look what is used, since when, and what was wrong', async () => {
  const { bare, commit } = repository();
  const first = commit({ 'muster.yaml': config }, 'Begin');
  const one = await sourceOf({ url: bare });
  await one.source.sync({ applied: null });
  renameSync(bare, `${bare}-gone`);
  const { doc } = await one.source.sync({ applied: first });
  expect(doc).toMatchObject({ revision: first, problem: { code: 'unreachable', message: expect.stringContaining(bare) } });
  await one.source.close();
  const two = await sourceOf({ url: bare }, { dir: one.dir });
  expect(two.source.doc).toEqual(doc);
  expect(two.source.root).toBe(join(one.dir, 'current'));
  const still = await two.source.sync({ applied: first });
  expect(still.doc.problem?.since).toBe(doc.problem?.since);
  expect(still.doc.fetchedAt).toBe(doc.fetchedAt);
  renameSync(`${bare}-gone`, bare);
  const back = await two.source.sync({ applied: first });
  expect(back.doc).toMatchObject({ revision: first, problem: null });
  expect(Date.parse(back.doc.fetchedAt ?? '')).toBeGreaterThan(Date.parse(doc.fetchedAt ?? ''));
});

test('the last revisions can be gone back to without the repository, and no others', async () => {
  const { bare, commit } = repository();
  const made = await sourceOf({ url: bare }, { revisions: 5 });
  const all: string[] = [];
  for (let turn = 0; turn < 7; turn += 1) {
    all.push(commit({ 'muster.yaml': `${config}# ${turn}\n` }, `Turn ${turn}`, ...(turn === 0 ? [] : ['--amend'])));
    await made.source.sync({ applied: null });
  }
  expect(readdirSync(join(made.dir, 'checkouts')).sort()).toEqual(all.slice(-3).sort());
  renameSync(bare, `${bare}-gone`);
  gitAt(join(made.dir, 'mirror.git'))('gc', '--quiet', '--prune=now');
  expect(await made.source.restore(all[2] ?? '')).toBe(true);
  expect(readFileSync(join(made.dir, 'current/muster.yaml'), 'utf8')).toBe(`${config}# 2\n`);
  expect(made.source.doc).toMatchObject({ revision: all[2], subject: 'Turn 2' });
  expect(await made.source.restore(all[1] ?? ''), 'the one before these five').toBe(false);
  expect(await made.source.restore('2'.repeat(40))).toBe(false);
  expect(made.source.doc.revision).toBe(all[2]);
});

test('what was fetched bit by bit is put together before it takes more room than it may', async () => {
  const { bare, commit } = repository();
  const text = (turn: number): string => Array.from({ length: 3000 }, (_, at) => Math.sin(at + turn * 7919)).join('\n');
  const { source, dir } = await sourceOf({ url: bare, maxFetch: 150_000 });
  const packs = (): number => readdirSync(join(dir, 'mirror.git/objects/pack')).filter((name) => name.endsWith('.pack')).length;
  const all: string[] = [];
  for (let turn = 0; turn < 4; turn += 1) {
    all.push(commit({ 'muster.yaml': config, large: text(turn) }));
    expect((await source.sync({ applied: all.at(-2) ?? null })).doc).toMatchObject({ revision: all.at(-1), problem: null });
  }
  expect(packs()).toBeLessThan(4);
  for (const revision of all) expect(await source.restore(revision)).toBe(true);
});

test('who goes back to the commit that is used has its files, whatever became of them', async () => {
  const { bare, commit } = repository();
  const first = commit({ 'muster.yaml': config, 'a.txt': 'a\n' });
  const { source, dir } = await sourceOf({ url: bare });
  await source.sync({ applied: null });
  rmSync(join(dir, 'current/a.txt'));
  writeFileSync(join(dir, 'current/muster.yaml'), 'other');
  expect(await source.restore(first)).toBe(true);
  expect(readdirSync(join(dir, 'current'))).toEqual(['a.txt', 'muster.yaml']);
  expect(readFileSync(join(dir, 'current/muster.yaml'), 'utf8')).toBe(config);
});

test('who goes back and looks again has what the repository has', async () => {
  const { bare, commit } = repository();
  const first = commit({ 'muster.yaml': config });
  const { source } = await sourceOf({ url: bare });
  await source.sync({ applied: null });
  const second = commit({ 'muster.yaml': `${config}# more\n` });
  await source.sync({ applied: first });
  expect(await source.restore(first)).toBe(true);
  expect(await source.sync({ applied: first })).toMatchObject({ moved: true, doc: { revision: second, problem: null } });
});

test('a checkout in which a program stands is not taken from under it', async () => {
  const { bare, commit } = repository();
  const { source, dir } = await sourceOf({ url: bare });
  let applied: string | null = null;
  const next = async (turn: number): Promise<string> => {
    const revision = commit({ 'muster.yaml': `${config}# ${turn}\n` });
    await source.sync({ applied });
    applied = revision;
    return revision;
  };
  const first = await next(0);
  const program = spawn('sleep', ['60'], { cwd: join(dir, 'current'), stdio: 'ignore' });
  onTestFinished(() => void program.kill('SIGKILL'));
  await once(program, 'spawn');
  for (let turn = 1; turn < 5; turn += 1) await next(turn);
  expect(readdirSync(join(dir, 'checkouts'))).toContain(first);
  expect(readdirSync(join(dir, 'checkouts'))).toHaveLength(4);
  program.kill('SIGKILL');
  await once(program, 'exit');
  await next(5);
  expect(readdirSync(join(dir, 'checkouts'))).not.toContain(first);
});

test('many who ask at once share one look, and get the same answer', async () => {
  const { bare, commit } = repository();
  const first = commit({ 'muster.yaml': config });
  const { source, processes } = await sourceOf({ url: bare });
  const before = processes.journal.length;
  const answers = await Promise.all(Array.from({ length: 20 }, () => source.sync({ applied: null })));
  expect(answers.map(({ doc }) => doc.revision)).toEqual(Array(20).fill(first));
  const begun = processes.journal.slice(before).filter((line) => line.startsWith('begin')).length;
  expect(begun).toBeLessThan(20);
  const idle = processes.journal.length;
  await source.sync({ applied: first });
  expect(processes.journal.slice(idle).filter((line) => line.startsWith('begin'))).toHaveLength(1);
});

test('a line is traced to the commit that wrote it, as far as history was fetched', async () => {
  const { bare, commit, turns } = repository();
  commit({ 'muster.yaml': 'modules:\n', 'old.yaml': 'a: 1\n' }, 'Begin');
  turns(60);
  const second = commit({ 'muster.yaml': 'modules:\n  web: {}\n' }, 'Add web');
  commit({ 'muster.yaml': 'modules:\n  web: {}\n  db: {}\n' }, 'Add db');
  const { source, dir } = await sourceOf({ url: `file://${bare}` });
  await source.sync({ applied: null });
  const file = join(dir, 'current/muster.yaml');
  expect(await source.blame(file, 2)).toMatchObject({ commit: second, author: 'Alice', subject: 'Add web' });
  expect(Date.parse((await source.blame(file, 2))?.at ?? '')).toBeGreaterThan(0);
  expect(await source.blame(join(dir, 'checkouts', source.doc.revision ?? '', 'muster.yaml'), 2)).toMatchObject({ commit: second });
  expect(await source.blame(join(dir, 'current/old.yaml'), 1), 'older than what was fetched').toBe(null);
  expect(await source.blame('muster.yaml', 2)).toMatchObject({ commit: second });
  expect(await source.blame('../muster.yaml', 2)).toBe(null);
  expect(await source.blame(file, 9)).toBe(null);
  expect(await source.blame(join(dir, 'current/none.yaml'), 1)).toBe(null);
  expect(await source.blame('/etc/passwd', 1)).toBe(null);
});

test('another branch that the host names is no rewritten history', async () => {
  const { bare, commit, git } = repository();
  const first = commit({ 'muster.yaml': config });
  const one = await sourceOf({ url: bare });
  await one.source.sync({ applied: null });
  git('checkout', '-q', '--orphan', 'other');
  const other = commit({ 'muster.yaml': `${config}# other\n` });
  const two = await sourceOf({ url: bare, ref: { branch: 'other' } }, { dir: one.dir });
  expect((await two.source.sync({ applied: first })).doc).toMatchObject({ revision: other, problem: null });
});
