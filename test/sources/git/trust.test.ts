import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { GitVerify } from '../../../src/model/source.ts';
import { commitAs, gpgHome, head, noGpg, noSsh, type Signing, sshKey } from './signing.ts';
import { repository, sourceOf, tempDir } from './support.ts';

test.skipIf(noSsh !== '')('only a commit that one of the SSH keys signed is used, and it is said whose', async () => {
  const dir = tempDir();
  const repo = repository(dir);
  const [alice, mallory] = [sshKey(dir, 'alice'), sshKey(dir, 'mallory')];
  const first = commitAs(repo, 'one', alice);
  const { source, dir: own } = await sourceOf({ url: repo.bare, ...head(alice.key) });
  const { doc } = await source.sync({ applied: null });
  expect(doc).toMatchObject({
    revision: first,
    problem: null,
    signer: expect.stringMatching(/^alice@example\.com \(ED25519 SHA256:\S+\)$/),
  });

  const unsigned = commitAs(repo, 'two');
  const none = await source.sync({ applied: first });
  expect(none).toMatchObject({
    moved: false,
    doc: { revision: first, signer: doc.signer, problem: { code: 'unsigned', revision: unsigned } },
  });
  expect(none.doc.problem?.message).toBe(`commit ${unsigned.slice(0, 12)} is not signed, and source.git.verify asks for a signature`);

  const foreign = commitAs(repo, 'three', mallory);
  const other = await source.sync({ applied: first });
  expect(other.doc).toMatchObject({ revision: first, problem: { code: 'untrusted', revision: foreign } });
  expect(other.doc.problem?.message).toMatch(/is signed by ED25519 key SHA256:\S+, which is not among source\.git\.verify\.keys/);
  expect(readdirSync(join(own, 'checkouts'))).toEqual([first]);

  const last = commitAs(repo, 'four', alice);
  expect((await source.sync({ applied: first })).doc).toMatchObject({ revision: last, problem: null });
});

test.skipIf(noSsh !== '')('keys are read each time: who is taken out is trusted no longer, and who is put in is at once', async () => {
  const dir = tempDir();
  const repo = repository(dir);
  const [alice, bob] = [sshKey(dir, 'alice'), sshKey(dir, 'bob')];
  const keys = join(dir, 'signers');
  const line = ({ key }: Signing): string => readFileSync(key, 'utf8');
  writeFileSync(keys, line(alice));
  const first = commitAs(repo, 'one', alice);
  const { source } = await sourceOf({ url: repo.bare, ...head(keys) });
  expect((await source.sync({ applied: null })).doc).toMatchObject({ revision: first, problem: null });
  writeFileSync(keys, line(bob));
  expect((await source.sync({ applied: first })).doc).toMatchObject({ revision: first, problem: { code: 'untrusted', revision: first } });
  const second = commitAs(repo, 'two', bob);
  expect((await source.sync({ applied: first })).doc).toMatchObject({
    revision: second,
    problem: null,
    signer: expect.stringContaining('bob@'),
  });
  const words = line(alice).split(' ');
  const third = commitAs(repo, 'three', alice);
  for (const [text, code] of [
    [`carol@example.com namespaces="file" ${words[0]} ${words[1]}\n`, 'untrusted'],
    [`carol@example.com valid-before="20200101" ${words[0]} ${words[1]}\n`, 'untrusted'],
    [`# those of the team\ncarol@example.com namespaces="git" ${words[0]} ${words[1]}\n`, null],
  ] as const) {
    writeFileSync(keys, text);
    const { doc } = await source.sync({ applied: second });
    expect(doc.problem?.code ?? null, text).toBe(code);
  }
  expect(source.doc).toMatchObject({ revision: third, signer: expect.stringContaining('carol@example.com') });
  for (const [text, says] of [
    ['', 'holds no public key'],
    ['hello\n', ':1 is no public key'],
    ['-----BEGIN OPENSSH PRIVATE KEY-----\n', 'holds a private key'],
  ] as const) {
    writeFileSync(keys, text);
    const { doc } = await source.sync({ applied: third });
    expect(doc).toMatchObject({ revision: third, problem: { code: 'untrusted', message: expect.stringContaining(says) } });
  }
});

test.skipIf(noSsh !== '')('a signed tag is asked for its own name and its own signature', async () => {
  const dir = tempDir();
  const repo = repository(dir);
  const { git } = repo;
  const alice = sshKey(dir, 'alice');
  const first = commitAs(repo, 'one');
  const verify: GitVerify = { mode: 'tag', keys: [alice.key] };
  const lookAt = async (tag: string) =>
    (await (await sourceOf({ url: repo.bare, ref: { tag }, verify })).source.sync({ applied: null })).doc;
  git(...alice.options, 'tag', '-s', '-m', 'One', 'v1');
  git('tag', '-a', '-m', 'Two', 'v2');
  git('tag', 'light');
  git('update-ref', 'refs/tags/v3', 'refs/tags/v1');
  expect(await lookAt('v1')).toMatchObject({ revision: first, problem: null, signer: expect.stringContaining('alice@') });
  expect(await lookAt('v2')).toMatchObject({ revision: null, problem: { code: 'unsigned', message: expect.stringContaining('tag v2') } });
  expect(await lookAt('light')).toMatchObject({
    revision: null,
    problem: { code: 'unsigned', message: expect.stringContaining('no annotated tag') },
  });
  expect(await lookAt('v3')).toMatchObject({
    revision: null,
    problem: { code: 'untrusted', message: expect.stringContaining('another name') },
  });
});

test.skipIf(noGpg !== '')(
  'OpenPGP keys are taken as they are given: expired, revoked and foreign ones do not count, and no agent is left',
  async () => {
    const dir = tempDir();
    const repo = repository(dir);
    const home = gpgHome(dir);
    try {
      const [alice, mallory] = [home.make('alice'), home.make('mallory')];
      const first = commitAs(repo, 'one', alice);
      const { source, dir: own } = await sourceOf({ url: repo.bare, ...head(alice.key) });
      const { doc } = await source.sync({ applied: null });
      expect(doc).toMatchObject({ revision: first, problem: null, signer: `alice <alice@example.com> (${alice.fingerprint})` });
      commitAs(repo, 'two', mallory);
      const other = await source.sync({ applied: first });
      expect(other.doc).toMatchObject({ revision: first, problem: { code: 'untrusted' } });
      expect(other.doc.problem?.message).toContain(
        `signed by ${mallory.fingerprint.slice(-16)}, which is not among source.git.verify.keys`,
      );
      const third = commitAs(repo, 'three', alice);
      home.gpg('--faked-system-time', '20240102T000000!', '--quick-set-expire', alice.fingerprint, '2024-02-01');
      const given = readFileSync(alice.key);
      writeFileSync(alice.key, home.gpg('--armor', '--export', alice.fingerprint));
      const expired = await source.sync({ applied: first });
      expect(expired.doc).toMatchObject({
        revision: first,
        problem: { code: 'untrusted', message: expect.stringContaining('has expired') },
      });
      writeFileSync(alice.key, given);
      expect((await source.sync({ applied: first })).doc).toMatchObject({ revision: third, problem: null });
      home.gpg('--quick-set-expire', alice.fingerprint, 'never');
      const revocation = join(home.home, 'openpgp-revocs.d', `${alice.fingerprint}.rev`);
      const certificate = readFileSync(revocation, 'utf8').replace(':-----BEGIN', '-----BEGIN');
      writeFileSync(revocation, certificate);
      home.gpg('--import', revocation);
      writeFileSync(alice.key, home.gpg('--armor', '--export', alice.fingerprint));
      const revoked = await source.sync({ applied: third });
      expect(revoked.doc).toMatchObject({
        revision: third,
        problem: { code: 'untrusted', message: expect.stringContaining('was revoked') },
      });
      writeFileSync(alice.key, given.subarray(0, 100));
      const cut = await source.sync({ applied: third });
      expect(cut.doc.problem).toMatchObject({ code: 'untrusted' });
      expect(readdirSync(join(own, 'keys/gnupg')).filter((name) => name.startsWith('S.'))).toEqual([]);
      expect(commandLines().filter((line) => line.includes(own))).toEqual([]);
    } finally {
      home.close();
    }
  },
);

function commandLines(): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      return /^\d+$/.test(pid) ? [readFileSync(`/proc/${pid}/cmdline`, 'utf8')] : [];
    } catch {
      return [];
    }
  });
}

test.skipIf(noGpg !== '' || noSsh !== '')('a signature of the one kind is no signature by a key of the other', async () => {
  const dir = tempDir();
  const repo = repository(dir);
  const home = gpgHome(dir);
  try {
    const [byGpg, bySsh] = [home.make('alice'), sshKey(dir, 'bob')];
    commitAs(repo, 'one', byGpg);
    const ssh = await sourceOf({ url: repo.bare, ...head(bySsh.key) });
    expect((await ssh.source.sync({ applied: null })).doc).toMatchObject({ revision: null, problem: { code: 'untrusted' } });
    const second = commitAs(repo, 'two', bySsh);
    const gpg = await sourceOf({ url: repo.bare, ...head(byGpg.key) });
    expect((await gpg.source.sync({ applied: null })).doc).toMatchObject({ revision: null, problem: { code: 'untrusted' } });
    const both = await sourceOf({ url: repo.bare, ...head(byGpg.key, bySsh.key) });
    expect((await both.source.sync({ applied: null })).doc).toMatchObject({ revision: second, problem: null });
  } finally {
    home.close();
  }
});

test.skipIf(noSsh !== '')('a commit that was changed after it was signed is refused', async () => {
  const dir = tempDir();
  const repo = repository(dir);
  const alice = sshKey(dir, 'alice');
  const first = commitAs(repo, 'one', alice);
  const { source } = await sourceOf({ url: repo.bare, ...head(alice.key) });
  await source.sync({ applied: null });
  const second = commitAs(repo, 'two', alice);
  const { git } = repo;
  const forged = join(dir, 'forged');
  writeFileSync(forged, `${git('cat-file', 'commit', second).replace('\n\ntwo', '\n\nother')}\n`);
  git('update-ref', 'refs/heads/main', git('hash-object', '-t', 'commit', '-w', forged));
  const { doc } = await source.sync({ applied: first });
  expect(doc).toMatchObject({ revision: first, problem: { code: 'untrusted', message: expect.stringContaining('does not fit') } });
});
