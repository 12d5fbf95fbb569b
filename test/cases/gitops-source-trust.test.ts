import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { gitDaemon, repository } from '../sources/git/support.ts';
import { freePort } from '../support/free-port.ts';
import { http } from '../support/http.ts';
import { createPlace, until } from '../support/place.ts';
import { applied, commit, hostFile, onlyAsked, pids, reload, setting, sleepers } from '../support/sourced.ts';

test('what the repository names of the host has to be allowed by the file of the host, which holds at once', async () => {
  const { place, repo } = await setting(onlyAsked, sleepers({ a: 1000 }));
  await using _ = place;
  await place.write('secret', 'correct horse\n');
  await place.up();
  const url = `file://${repo.bare}`;
  const secret = `modules:\n  a: {command: [sleep, "1000"], ready: {alive: 20ms}, env: {T: {secret: "file:${place.dir}/secret"}}}\n`;
  commit(repo, secret);
  const refused = await place.muster('reload');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/hosts\/web1.yaml:2:\d+: error notAllowed: the repository may not read the secret/);
  expect((await place.module('a')).state).toBe('R');
  await place.write('muster.yaml', onlyAsked(url, `    allow: {secrets: ["file:${place.dir}/*"]}\n`));
  expect((await reload(place)).exitCode).toBe(0);

  for (const [text, code] of [
    ['policy: {prune: all}\nmodules: {}\n', 'notAllowed'],
    ['include: [../../../../muster.yaml]\nmodules: {}\n', 'outsideSource'],
    [`modules:\n  a: ${place.dir}/own.js\n`, 'outsideSource'],
    ['modules:\n  a: {command: [sleep, "1"], user: root}\n', 'notAllowed'],
    [`modules:\n  a: {command: [sleep, "\${HOME}"]}\n`, 'notAllowed'],
  ]) {
    commit(repo, text ?? '');
    const result = await reload(place);
    expect([result.exitCode, result.diagnostics.map((found) => found.code)]).toEqual([1, [code]]);
  }
  // A folder whose package.json leads out of the repository.
  await place.write('evil.js', 'export async function main(ctx) { await ctx.run(); }\n');
  const up = '../'.repeat(12);
  repo.commit({
    'mod/package.json': JSON.stringify({ main: `${up}${place.dir.slice(1)}/evil.js` }),
    'hosts/web1.yaml': 'modules: {a: ../mod}\n',
  });
  const result = await reload(place);
  expect(result.diagnostics.map((found) => found.code)).toEqual(['outsideSource']);
});

test('only what a known key has signed is applied, over the wire of git, and a branch that was rewritten only if that is allowed', async () => {
  const place = await createPlace();
  await using _ = place;
  const repo = repository(place.dir);
  const { url } = await gitDaemon(place.dir);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'alice', '-f', join(place.dir, 'alice')]);
  repo.git('config', 'gpg.format', 'ssh');
  repo.git('config', 'user.signingkey', join(place.dir, 'alice'));
  const first = commit(repo, sleepers({ a: 1000 }), 'Begin', '-S');
  const verify = '    verify: {mode: head, keys: [alice.pub]}\n';
  await place.write('muster.yaml', onlyAsked(`${url}/repo.git`, verify));
  await place.up();
  expect((await place.status()).source).toMatchObject({ revision: first, problem: null });
  expect((await place.status()).source?.signer).toBeTruthy();
  const before = await pids(place);

  const unsigned = commit(repo, sleepers({ a: 2000 }), 'Sign nothing');
  const refused = await reload(place);
  expect([refused.exitCode, refused.diagnostics[0]?.code]).toEqual([0, 'sourceUnsigned']);
  expect(await place.status()).toMatchObject({ config: { revision: first }, source: { problem: { revision: unsigned } } });
  expect(await pids(place)).toEqual(before);
  const signed = commit(repo, sleepers({ a: 2000, b: 1000 }), 'Sign it', '-S');
  expect((await reload(place)).summary).toMatchObject({ reload: 1, load: 1 });

  // The branch goes back to before what runs, and on from there.
  repo.git('reset', '-q', '--hard', first);
  const other = commit(repo, sleepers({ c: 1000 }), 'Begin anew', '-S');
  const rewound = await reload(place);
  expect(rewound.diagnostics[0]?.code).toBe('sourceRewound');
  expect((await place.status()).config.revision).toBe(signed);
  await place.write('muster.yaml', onlyAsked(`${url}/repo.git`, `${verify}    allowRewind: true\n`, 'policy: {maxRemovals: 100%}\n'));
  expect((await reload(place)).exitCode).toBe(0);
  expect(await place.status()).toMatchObject({ config: { revision: other }, counts: { R: 1 } });
});

test('a push is told by a webhook, and believed only if it is signed', async () => {
  const { place, repo } = await setting((url) => url, sleepers({ a: 1000 }));
  await using _ = place;
  const port = await freePort();
  const webhook = `    webhook: {listen: "127.0.0.1:${port}", secret: {secret: "file:hook"}}\n`;
  await place.write('hook', 'hook secret\n');
  await place.write('muster.yaml', onlyAsked(`file://${repo.bare}`, webhook));
  await place.up();
  const revision = commit(repo, sleepers({ a: 2000 }));
  const body = JSON.stringify({ ref: 'refs/heads/main' });
  const push = (key: string) => {
    const signature = `sha256=${createHmac('sha256', key).update(body).digest('hex')}`;
    const headers = { 'x-hub-signature-256': signature, 'x-github-event': 'push', 'content-type': 'application/json' };
    return http(port, '/', { method: 'POST', headers, body });
  };
  expect((await push('guessed')).status).toBeGreaterThanOrEqual(400);
  expect((await push('hook secret')).status).toBeLessThan(300);
  await applied(place, revision);
  // Where it listens moves with the config.
  const other = await freePort();
  await place.write('muster.yaml', onlyAsked(`file://${repo.bare}`, webhook.replace(`${port}`, `${other}`)));
  await reload(place);
  await until(async () => (await http(other, '/').catch(() => null)) !== null, 'the other port answers');
  expect(await http(port, '/').catch(() => null)).toBeNull();
});

test('an edit of the own file of the host waits until it is asked for, though commits are applied meanwhile', async () => {
  const { place, repo } = await setting(hostFile, sleepers({ a: 1000 }));
  await using _ = place;
  await place.up();
  const before = await pids(place);
  repo.git('checkout', '-q', '-b', 'next');
  const next = commit(repo, sleepers({ c: 1000 }));
  repo.git('checkout', '-q', 'main');
  const url = `file://${repo.bare}`;
  const edited = hostFile(url, '', 'policy: {maxRemovals: 100%}\ndefaults: {command: {stopTimeout: 1s}}\n').replace(
    'branch: main',
    'branch: next',
  );
  await place.write('muster.yaml', edited);
  await until(async () => (await place.status()).config.diagnostics[0]?.code === 'sourceChanged', 'the edit is seen');
  const second = commit(repo, sleepers({ a: 1000, b: 1000 }));
  await until(async () => (await place.list()).length === 2, 'the commit is applied');
  expect(await pids(place)).toMatchObject(before);
  expect((await place.status()).config.revision).toBe(second);
  // The default that was edited is not part of what was loaded.
  const { spec } = JSON.parse((await place.muster('info', 'b', '--json')).stdout) as { spec: { stopTimeout: number } };
  expect(spec.stopTimeout).toBe(10_000);
  expect((await reload(place)).exitCode).toBe(0);
  expect(await place.status()).toMatchObject({ synced: true, config: { revision: next, diagnostics: [] } });
  expect(Object.keys(await pids(place))).toEqual(['c']);
});

test.skipIf(process.getuid?.() !== 0)(
  'a program of the repository runs as another user where checkouts have a folder that this one can read',
  async () => {
    const users = '    allow: {users: [nobody]}\n';
    const { place, repo } = await setting((url) => onlyAsked(url, users), sleepers({ a: 1000 }));
    await using _ = place;
    chmodSync(place.dir, 0o711);
    await place.up();
    const before = await pids(place);
    const script = join(repo.work, 'run.sh');
    writeFileSync(script, '#!/bin/sh\nid -un\ncat ../words\nexec sleep 1000\n');
    chmodSync(script, 0o755);
    const config = 'modules:\n  a: {command: [../run.sh], user: nobody, ready: {alive: 20ms}}\n';
    repo.commit({ words: 'of the repository\n', 'hosts/web1.yaml': config });
    const refused = await place.muster('reload');
    expect([refused.code, await pids(place)]).toEqual([1, before]);
    expect(refused.stderr).toContain('EACCES');
    await place.write('muster.yaml', onlyAsked(`file://${repo.bare}`, `${users}    checkoutDir: open\n`));
    expect((await reload(place)).exitCode).toBe(0);
    await until(async () => (await place.muster('logs', 'a')).stdout.endsWith('nobody\nof the repository\n'), 'it has said who it is');
    expect([statSync(join(place.dir, 'open')).mode & 0o777, statSync(place.stateDir).mode & 0o777]).toEqual([0o755, 0o700]);
  },
);
