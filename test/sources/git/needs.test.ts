import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commitAs, head, noSsh, sshKey } from './signing.ts';
import { config, repository, sourceOf, tempDir } from './support.ts';

test('where a program is missing that git needs for it, it is said which, and what to install', async () => {
  const dir = tempDir();
  const repo = repository(dir);
  repo.commit({ 'muster.yaml': config });
  const key = join(dir, 'a.asc');
  writeFileSync(key, '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n-----END PGP PUBLIC KEY BLOCK-----\n');
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  const none = await sourceOf({ url: repo.bare }, { env: { PATH: bin } });
  expect((await none.source.sync({ applied: null })).doc.problem).toMatchObject({
    code: 'noGit',
    message: 'a source is fetched by git, which is not there; install git, or put it on the PATH of the daemon',
  });
  const git = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
  const wrapper = (name: string, text: string): void => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  wrapper('git', `exec ${git} "$@"`);
  const noKeyring = await sourceOf({ url: repo.bare, ...head(key) }, { env: { PATH: bin } });
  expect((await noKeyring.source.sync({ applied: null })).doc.problem).toMatchObject({
    code: 'noGit',
    message: 'git needs gpg for this, which is not there; install gnupg, or put it on the PATH of the daemon',
  });
  wrapper('git', 'echo git version 2.20.1');
  const old = await sourceOf({ url: repo.bare }, { env: { PATH: bin } });
  expect((await old.source.sync({ applied: null })).doc.problem).toMatchObject({
    code: 'noGit',
    message: 'git is 2.20 here; a source needs 2.25 or newer',
  });
});

test.skipIf(noSsh !== '')('without ssh-keygen a signature by SSH is not taken for none', async () => {
  const dir = tempDir();
  const repo = repository(dir);
  const alice = sshKey(dir, 'alice');
  commitAs(repo, 'one', alice);
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  for (const name of ['git', 'sh', 'cat']) {
    const path = execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
    writeFileSync(join(bin, name), `#!/bin/sh\nexec ${path} "$@"\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const { source } = await sourceOf({ url: repo.bare, ...head(alice.key) }, { env: { PATH: bin } });
  expect((await source.sync({ applied: null })).doc).toMatchObject({
    revision: null,
    problem: { code: 'noGit', message: expect.stringContaining('install openssh-client') },
  });
});
