import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkFiles } from '../../../src/sources/git/checkout.ts';
import { config, gitAt, repository, sourceOf, tempDir } from './support.ts';

test('neither hooks nor filters nor settings of a repository, of the user or of the machine run anything', async () => {
  const dir = tempDir();
  const traces = join(dir, 'traces');
  mkdirSync(traces);
  const { bare, commit } = repository(dir);
  const trace = (name: string): string => {
    const path = join(dir, `${name}.sh`);
    writeFileSync(path, `#!/bin/sh\necho ran > ${join(traces, name)}\ncat\n`);
    chmodSync(path, 0o755);
    return path;
  };
  commit({ 'muster.yaml': config });
  const attributes = '* filter=evil ident working-tree-encoding=UTF-16LE text eol=crlf diff=evil export-subst\n';
  mkdirSync(join(bare, 'info'), { recursive: true });
  writeFileSync(join(bare, 'info/attributes'), '* -text !filter !ident !working-tree-encoding\n');
  const first = commit({
    '.gitattributes': attributes,
    'ident.txt': '$Id$\n$Format:%H$\n',
    '.lfsconfig': '[lfs]\nurl = http://127.0.0.1:1\n',
  });
  // Settings that would run something stand wherever git could look for them.
  const evil = `[filter "evil"]\n\tsmudge = ${trace('smudge')}\n\tprocess = ${trace('process')}\n[core]\n\tfsmonitor = ${trace('fsmonitor')}\n\tsshCommand = ${trace('ssh')}\n\thooksPath = ${join(dir, 'hooks')}\n[credential]\n\thelper = ${trace('helper')}\n[diff "evil"]\n\ttextconv = ${trace('textconv')}\n[uploadpack]\n\tpackObjectsHook = ${trace('pack')}\n`;
  mkdirSync(join(dir, 'hooks'));
  for (const hook of [
    'post-checkout',
    'reference-transaction',
    'post-index-change',
    'post-commit',
    'post-merge',
    'pre-auto-gc',
    'post-rewrite',
  ]) {
    const text = readFileSync(trace(hook), 'utf8');
    for (const place of [join(dir, 'hooks', hook), join(bare, 'hooks', hook)]) {
      mkdirSync(join(place, '..'), { recursive: true });
      writeFileSync(place, text);
      chmodSync(place, 0o755);
    }
  }
  writeFileSync(join(dir, '.gitconfig'), evil);
  const env = {
    PATH: process.env.PATH,
    HOME: dir,
    XDG_CONFIG_HOME: dir,
    GIT_CONFIG_GLOBAL: join(dir, '.gitconfig'),
    GIT_SSH_COMMAND: trace('gitssh'),
  };
  const { source, dir: own } = await sourceOf({ url: `file://${bare}` }, { env });
  writeFileSync(join(bare, 'config'), `${readFileSync(join(bare, 'config'), 'utf8')}\n${evil}`);
  expect((await source.sync({ applied: null })).doc).toMatchObject({ revision: first, problem: null });
  expect(readFileSync(join(own, 'current/ident.txt'), 'utf8'), 'the bytes of the commit').toBe('$Id$\n$Format:%H$\n');
  expect(await source.blame(join(own, 'current/ident.txt'), 1)).toMatchObject({ commit: first });
  const second = commit({ 'muster.yaml': `${config}# more\n` });
  expect(readdirSync(traces), 'who works on it runs its hooks').toContain('post-commit');
  rmSync(traces, { recursive: true });
  mkdirSync(traces);
  expect((await source.sync({ applied: first })).doc.revision).toBe(second);
  expect(await source.restore(first)).toBe(true);
  expect(readdirSync(traces)).toEqual([]);
});

test('a symbolic link that leads out is refused, however it does', async () => {
  const { bare, work, commit } = repository();
  symlinkSync('sub/deep', join(work, 'b'));
  const first = commit({ 'muster.yaml': config, 'sub/deep/file': 'x' });
  const { source, dir, processes } = await sourceOf({ url: bare });
  await source.sync({ applied: null });
  for (const [name, target] of [
    ['link', '/etc/passwd'],
    ['sub/link', '../../x'],
    ['a', 'b/../../../x'],
  ] as const) {
    symlinkSync(target, join(work, name));
    const bad = commit({});
    const { doc, moved } = await source.sync({ applied: first });
    expect(moved).toBe(false);
    expect(doc).toMatchObject({ revision: first, problem: { code: 'refused', revision: bad } });
    expect(doc.problem?.message).toBe(`${name} is a symbolic link that leads out of the repository (to ${target})`);
    expect(readdirSync(join(dir, 'checkouts'))).toEqual([first]);
    const asked = processes.journal.length;
    expect((await source.sync({ applied: first })).doc.problem).toEqual(doc.problem);
    const again = processes.journal.slice(asked).filter((line) => line.startsWith('begin'));
    expect(again, 'it is not checked out again').toHaveLength(1);
    commit({ [name]: null });
  }
});

test('a symbolic link that stays inside is a link in the checkout too', async () => {
  const { bare, work, commit } = repository();
  symlinkSync('sub/file', join(work, 'link'));
  commit({ 'muster.yaml': config, 'sub/file': 'inside\n' });
  const { source, dir } = await sourceOf({ url: bare });
  await source.sync({ applied: null });
  expect(readFileSync(join(dir, 'current/link'), 'utf8')).toBe('inside\n');
});

test('a submodule is refused, and nothing of it is fetched', async () => {
  const { bare, work, commit, git } = repository();
  const first = commit({ 'muster.yaml': config });
  const { source } = await sourceOf({ url: bare });
  await source.sync({ applied: null });
  writeFileSync(join(work, '.gitmodules'), `[submodule "vendor/x"]\n\tpath = vendor/x\n\turl = ../other.git\n`);
  git('add', '.gitmodules');
  git('update-index', '--add', '--cacheinfo', `160000,${first},vendor/x`);
  git('commit', '-q', '-m', 'Add a submodule');
  const { doc } = await source.sync({ applied: first });
  expect(doc).toMatchObject({ revision: first, problem: { code: 'refused' } });
  expect(doc.problem?.message).toContain('vendor/x is a submodule');
});

test('whatever a file is called, it is only a name', async () => {
  const { bare, commit } = repository();
  const names = ['--upload-pack=touch pwned', '-x', ' spaces and "quotes"\\', '$(touch pwned)', 'über.yaml'];
  const first = commit({ 'muster.yaml': config, ...Object.fromEntries(names.map((name) => [name, `${name}\n`])) });
  const { source, dir } = await sourceOf({ url: bare });
  expect((await source.sync({ applied: null })).doc).toMatchObject({ revision: first, problem: null });
  for (const name of names) expect(readFileSync(join(dir, 'current', name), 'utf8')).toBe(`${name}\n`);
  expect(existsSync('pwned') || existsSync('/pwned')).toBe(false);
  for (const name of ['new\nline', 'escape\x1b[2J']) {
    commit({ [name]: 'x' });
    const { doc } = await source.sync({ applied: first });
    expect(doc).toMatchObject({ revision: first, problem: { code: 'refused', message: expect.stringContaining('control characters') } });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may get through
    expect(doc.problem?.message).not.toMatch(/[\x00-\x1f]/);
    commit({ [name]: null });
  }
});

/** A tree that no git would make: its entries are written as they are. */
function craftedCommit(bare: string, entries: readonly [mode: string, name: string, object: string][]): string {
  const git = gitAt(bare);
  const bytes = entries.map(([mode, name, object]) => Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(object, 'hex')]));
  const file = join(bare, 'crafted');
  writeFileSync(file, Buffer.concat(bytes));
  const tree = git('hash-object', '--literally', '-t', 'tree', '-w', file);
  const commit = git('commit-tree', tree, '-m', 'Crafted');
  git('update-ref', 'refs/heads/main', commit);
  return commit;
}

test('a tree with names that lead elsewhere, or into the repository itself, is refused', async () => {
  const { bare, commit } = repository();
  const first = commit({ 'muster.yaml': config });
  const { source, dir } = await sourceOf({ url: `file://${bare}` });
  await source.sync({ applied: null });
  const git = gitAt(bare);
  const [file, folder] = [git('rev-parse', `${first}:muster.yaml`), git('rev-parse', `${first}^{tree}`)];
  for (const [name, mode, code] of [
    ['..', '100644', 'refused'],
    ['.git', '40000', 'refused'],
    ['.GIT', '40000', 'refused'],
    ['git~1', '40000', 'refused'],
    ['sub/../../x', '100644', 'refused'],
    ['', '100644', 'unreachable'], // here it is the server that does not take it
  ] as const) {
    craftedCommit(bare, [
      [mode, name, mode === '40000' ? folder : file],
      ['100644', 'muster.yaml', file],
    ]);
    const { doc } = await source.sync({ applied: first });
    expect(doc, name).toMatchObject({ revision: first, problem: { code } });
    expect(readdirSync(join(dir, 'checkouts'))).toEqual([first]);
    expect(existsSync(join(dir, 'x'))).toBe(false);
  }
});

test('what is larger than a config may be is not checked out, or not even fetched to its end', async () => {
  const { bare, commit } = repository();
  const first = commit({ 'muster.yaml': config });
  const made = async (bounds: { maxFetch?: number }) =>
    (await sourceOf({ url: `file://${bare}`, maxFiles: 100, maxSize: 10_000, ...bounds })).source;
  const files = await made({});
  await files.sync({ applied: null });
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`many/${index}`, 'x']));
  commit(many);
  const tooMany = await files.sync({ applied: first });
  expect(tooMany.doc).toMatchObject({
    revision: first,
    problem: { code: 'refused', message: expect.stringContaining('more than 100 files') },
  });
  const large = Buffer.from(Uint8Array.from({ length: 200_000 }, (_, index) => (index * 7919 * (index >> 8)) & 0x7f));
  commit({ many: null, large: large.toString('latin1') });
  const tooLarge = await files.sync({ applied: first });
  expect(tooLarge.doc.problem).toMatchObject({
    code: 'refused',
    message: expect.stringContaining('larger than 10000 (source.git.maxSize)'),
  });
  const small = await made({ maxFetch: 2_000 });
  const unfetched = await small.sync({ applied: null });
  expect(unfetched.doc).toMatchObject({
    revision: null,
    problem: { code: 'refused', message: expect.stringContaining('more than 2000 to fetch (source.git.maxFetch)') },
  });
});

test('where the disk takes two names for one, it is said', async () => {
  const dir = tempDir();
  writeFileSync(join(dir, 'README'), 'one');
  const files = [
    { path: 'README', kind: 'file', size: 3, object: '' },
    { path: 'readme', kind: 'file', size: 5, object: '' },
  ] as const;
  await expect(checkFiles(dir, files)).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('upper and lower case') });
});

test.each([['ext::sh -c touch% pwned'], ['--upload-pack=touch pwned'], ['fd::17/foo'], ['ssh://-oProxyCommand=touch%20pwned/x']])(
  'the url %j runs nothing, wherever it came from',
  async (url) => {
    const { source } = await sourceOf({ url, timeout: 20_000 });
    const { doc } = await source.sync({ applied: null });
    expect(doc.problem).not.toBe(null);
    expect(doc.revision).toBe(null);
    expect(existsSync('pwned') || existsSync('/pwned')).toBe(false);
  },
);
