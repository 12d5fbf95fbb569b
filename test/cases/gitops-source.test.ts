import { readFileSync, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cutWire, gitDaemon, repository } from '../sources/git/support.ts';
import { createPlace, until } from '../support/place.ts';
import { applied, commit, hostFile, onlyAsked, pids, reload, setting, sleepers } from '../support/sourced.ts';
import { talk } from '../support/talk.ts';

test('34, 35, 36. commits are applied as they are pushed; what does not hold, or cannot be fetched, changes nothing and is said', async () => {
  const { place, repo, revision } = await setting(hostFile, sleepers({ a: 1000, b: 1000 }));
  await using _ = place;
  await place.up();
  expect(await place.status()).toMatchObject({
    generation: 1,
    config: { revision, valid: true },
    source: { revision, subject: 'Begin', problem: null },
  });
  const before = await pids(place);

  // 34
  const second = commit(repo, sleepers({ a: 2000, b: 1000 }));
  await applied(place, second);
  const after = await pids(place);
  expect([after.b, after.a === before.a]).toEqual([before.b, false]);
  expect((await place.status()).lastReconcile?.trigger).toBe('source');
  const lines = readFileSync(join(place.stateDir, 'audit.log'), 'utf8').trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line)).find(({ trigger }) => trigger === 'source')).toMatchObject({ revision: second });
  expect((await place.muster('audit')).stdout).toContain(`source at ${second.slice(0, 12)}  applied  -/+ a`);

  // A commit that changes nothing that is loaded is no generation.
  const idle = repo.commit({ README: 'hello\n' }, 'Say hello');
  await until(async () => (await place.status()).config.revision === idle, 'the commit is used');
  expect((await place.status()).generation).toBe(2);

  // 35
  const bad = commit(repo, `${sleepers({ a: 3000 })}  b: {\n`);
  await until(async () => (await place.status()).config.valid === false, 'the commit is read');
  await until(async () => (await place.status()).lastReconcile?.outcome === 'error', 'the commit is refused');
  const status = await place.status();
  expect(status.config).toMatchObject({ revision: bad, diagnostics: [{ file: 'hosts/web1.yaml', line: 5, revision: bad }] });
  expect(await pids(place)).toEqual(after);
  const told = expect.stringMatching(`^${bad.slice(0, 12)}:hosts/web1.yaml:5:`);
  expect(status.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', reason: 'configInvalid', message: told }));
  expect((await place.muster('status')).stdout).toContain(`${bad.slice(0, 12)}:hosts/web1.yaml:5:`);
  expect((await place.muster('reload')).stderr).toContain('hosts/web1.yaml:5:');
  const good = commit(repo, sleepers({ a: 3000, b: 1000 }));
  await applied(place, good);
  expect((await pids(place)).b).toBe(before.b);

  // 36
  const running = await pids(place);
  renameSync(repo.bare, `${repo.bare}.away`);
  await until(async () => (await place.status()).source?.problem?.code === 'unreachable', 'it is said');
  const result = await reload(place);
  expect([result.exitCode, result.outcome, result.diagnostics[0]]).toMatchObject([
    0,
    'noChanges',
    { severity: 'warning', code: 'sourceUnreachable', file: join(place.dir, 'muster.yaml'), line: 2 },
  ]);
  const text = (await place.muster('status')).stdout;
  expect(text).toMatch(/Source .*branch main, hosts\/web1.yaml\n.*fetched \d+s ago\n +unreachable for \d+s:/);
  expect(await pids(place)).toEqual(running);
  renameSync(`${repo.bare}.away`, repo.bare);
  await until(async () => (await place.status()).source?.problem === null, 'it is over');
  const events = (await place.muster('events')).stdout;
  expect(events).toMatch(/unreachable: .*repository is as it should be again/s);
  await applied(place, commit(repo, sleepers({ b: 1000 })));
  expect(await pids(place)).toEqual({ b: before.b });
});

test('without a checkout there is nothing to start; with one, or with a generation, what ran runs though nothing can be fetched', async () => {
  // Commands that need nothing of the checkout.
  const host = (url: string): string => onlyAsked(url, '', 'defaults: {command: {cwd: /}}\n');
  const { place, repo } = await setting(host, null);
  await using _ = place;
  const first = await place.muster('up', '-d', '-c', 'muster.yaml');
  expect(first).toMatchObject({ code: 1, stdout: '' });
  expect(first.stderr).toMatch(/muster.yaml:2:1: .*nothing here: .*is empty/);

  const revision = commit(repo, sleepers({ a: 1000 }));
  await place.up();
  await place.muster('down');
  renameSync(repo.bare, `${repo.bare}.away`);
  expect((await place.up()).stderr).toContain('goes on');
  expect(await place.status()).toMatchObject({ config: { revision, valid: true }, counts: { R: 1 } });

  // What a dry run, status and drift say needs no repository.
  expect(await place.dryRun()).toMatchObject({ ran: { code: 0 }, plan: { config: { revision } } });
  expect((await place.muster('drift')).code).toBe(0);

  // The last generation runs where the last commit does not hold.
  renameSync(`${repo.bare}.away`, repo.bare);
  commit(repo, 'modules: [\n');
  expect((await place.muster('reload')).code).toBe(1);
  await place.kill();
  const again = await place.muster('up', '-d', '-c', 'muster.yaml');
  expect(again.code).toBe(1);
  expect(await place.status()).toMatchObject({ config: { valid: false }, counts: { R: 1 } });

  // And where nothing is left of what was fetched, and nothing can be fetched.
  await place.muster('down');
  await rm(join(place.stateDir, 'source'), { recursive: true });
  renameSync(repo.bare, `${repo.bare}.away`);
  expect((await place.muster('up', '-d', '-c', 'muster.yaml')).code).toBe(1);
  expect(await place.status()).toMatchObject({ config: { valid: false }, source: { revision: null }, counts: { R: 1 } });
});

test('a config can move into a repository and out of it again without a touch of what stays the same', async () => {
  const place = await createPlace(sleepers({ a: 1000, b: 1000 }, 'defaults: {command: {cwd: /}}\n'));
  await using _ = place;
  const repo = repository(place.dir);
  await place.up();
  const before = await pids(place);
  commit(repo, sleepers({ a: 1000, b: 2000 }));
  const host = onlyAsked(`file://${repo.bare}`, '', 'defaults: {command: {cwd: /}}\n');
  await place.write('muster.yaml', host);
  expect((await reload(place)).summary).toMatchObject({ reload: 1, unchanged: 1 });
  expect((await pids(place)).a).toBe(before.a);
  // Both at once would have to be merged by rules that nobody can see.
  await place.write('muster.yaml', `${host}modules: {}\n`);
  expect((await reload(place)).diagnostics).toMatchObject([{ code: 'sourceAndModules', line: 9 }]);
  await place.write('muster.yaml', sleepers({ a: 1000, b: 1000 }, 'defaults: {command: {cwd: /}}\n'));
  expect((await reload(place)).exitCode).toBe(0);
  expect((await pids(place)).a).toBe(before.a);
  expect(await place.status()).toMatchObject({ source: null, config: { revision: null } });
});

test('code of the repository is loaded again only where it changed, and what a daemon takes over goes on following', async () => {
  const { place, repo } = await setting(hostFile, null);
  await using _ = place;
  const module = (name: string, text: string): string =>
    `import { text } from './${text}.ts';\nexport const name = '${name}';\nexport async function main(ctx: any) {\n  ctx.handle('say', () => ({ text }));\n  await ctx.run();\n}\n`;
  const first = repo.commit({
    'mods/a.ts': module('a', 'one'),
    'mods/b.ts': module('b', 'two'),
    'mods/one.ts': "export const text: string = 'one';\n",
    'mods/two.ts': "export const text: string = 'two';\n",
    'hosts/web1.yaml': 'version: 1\nmodulePath: [../mods]\nmodules: {a: a, b: ../mods/b.ts}\n',
  });
  await place.up();
  expect((await place.status()).config.revision).toBe(first);
  const since = async (name: string): Promise<string | null> => (await place.module(name)).startedAt;
  const before = [await since('a'), await since('b')];
  const replaced = await place.muster('up', '-d', '--replace', '-c', 'muster.yaml');
  expect(replaced.code).toBe(0);
  expect([await since('a'), await since('b')]).toEqual(before);
  const second = repo.commit({ 'mods/two.ts': "export const text: string = 'three';\n" });
  await applied(place, second);
  expect(await since('a')).toBe(before[0]);
  expect((await place.muster('request', 'b.say')).stdout).toContain('three');
});

test('a saved plan carries the commit that it was made of, and is done whatever was pushed since', async () => {
  const { place, repo, revision } = await setting(onlyAsked, sleepers({ a: 1000 }));
  await using _ = place;
  await place.up();
  const planned = commit(repo, sleepers({ a: 1000, b: 1000 }));
  // A dry run does not fetch.
  expect((await place.dryRun()).plan.config.revision).toBe(revision);
  await place.write('muster.yaml', onlyAsked(`file://${repo.bare}`, '', 'policy: {maxRemovals: 0}\n'));
  await reload(place);
  expect((await place.status()).config.revision).toBe(planned);
  await place.muster('remove', 'b');
  expect((await place.muster('reconcile', '--dry-run', '--out', 'plan.json')).code).toBe(0);
  expect(JSON.parse(readFileSync(join(place.dir, 'plan.json'), 'utf8')).config.revision).toBe(planned);
  commit(repo, sleepers({ a: 1000 }));
  const done = await place.muster('reconcile', '--plan', 'plan.json');
  expect(done).toMatchObject({ code: 0 });
  expect(Object.keys(await pids(place))).toEqual(['a', 'b']);
});

test('a rollback takes the files back to their commit, and nothing is fetched until somebody asks', async () => {
  const words = 'modules:\n  a: {command: [sh, -c, "cat words; exec sleep 1000"], files: [words], ready: {log: .}}\n';
  const { place, repo } = await setting(hostFile, null);
  await using _ = place;
  const first = repo.commit({ 'hosts/web1.yaml': words, 'hosts/words': 'first\n' });
  await place.up();
  const second = repo.commit({ 'hosts/words': 'second\n' });
  await applied(place, second);
  const { generations } = JSON.parse((await place.muster('history', '--json')).stdout) as { generations: { revision?: string }[] };
  expect(generations.map(({ revision }) => revision)).toEqual([second, first]);
  expect(await place.muster('rollback')).toMatchObject({ code: 0 });
  expect(await place.status()).toMatchObject({ paused: true, source: { revision: first } });
  expect((await place.muster('logs', 'a')).stdout.trim().split('\n').at(-1)).toContain('first');
  const third = repo.commit({ 'hosts/words': 'third\n' });
  using client = await talk(place);
  // Several intervals, in which nothing happens.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect((await place.status()).source?.revision).toBe(first);
  await client.muster('reload', {});
  expect(await place.status()).toMatchObject({ paused: false, synced: true, source: { revision: third } });
});

test('without a daemon nothing is taken for a config without modules', async () => {
  await using place = await createPlace(onlyAsked('https://git.example/x.git'));
  await place.write('local.yaml', sleepers({ a: 1000 }));
  expect((await place.muster('validate')).stdout).toContain('valid, its modules come from https://git.example/x.git');
  for (const args of [
    ['diff', 'local.yaml', 'muster.yaml'],
    ['reconcile', '--dry-run', '--from', 'muster.yaml', '--against', 'local.yaml'],
  ]) {
    const ran = await place.muster(...args);
    expect([ran.code, ran.stdout]).toEqual([1, '']);
    expect(ran.stderr).toMatch(/has its modules from https:.*\(ENOTSUP\)/);
  }
});

test('a fetch that hangs keeps nobody waiting: not status, not another daemon that takes over', async () => {
  const place = await createPlace();
  await using _ = place;
  const repo = repository(place.dir);
  const revision = commit(repo, sleepers({ a: 1000 }));
  const { port } = await gitDaemon(place.dir);
  const wire = await cutWire(port, Number.POSITIVE_INFINITY, 'hang');
  await place.write('muster.yaml', hostFile(`git://127.0.0.1:${wire.port}/repo.git`, '    timeout: 3s\n'));
  await place.up();
  const before = await pids(place);
  wire.cutAfter(0);
  await wire.wasCut;
  expect(await place.status()).toMatchObject({ synced: true, config: { revision } });
  const replaced = await place.muster('up', '-d', '--replace', '-c', 'muster.yaml');
  expect(replaced.code).toBe(0);
  expect(replaced.stderr).toContain('did not answer whole within 3 s');
  expect(await pids(place)).toEqual(before);
  wire.mend();
  const next = commit(repo, sleepers({ a: 1000, b: 1000 }));
  await applied(place, next);
  expect((await pids(place)).a).toBe(before.a);
});
