import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GitVerify } from '../../../src/model/source.ts';
import { config, has, type Repository } from './support.ts';

export const noSsh = has('ssh-keygen') ? '' : 'ssh-keygen is not there (openssh-client)';
export const noGpg = has('gpg') ? '' : 'gpg is not there (gnupg)';
for (const why of [noSsh, noGpg]) if (why !== '') process.stderr.write(`signatures are not tested: ${why}\n`);

export interface Signing {
  /** The file of the public key. */
  readonly key: string;
  readonly options: readonly string[];
}

export function sshKey(dir: string, name: string): Signing {
  const file = join(dir, name);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', `${name}@example.com`, '-f', file]);
  return { key: `${file}.pub`, options: ['-c', 'gpg.format=ssh', '-c', `user.signingkey=${file}`] };
}

/** Commits, signed or not. */
export function commitAs({ git, work }: Repository, text: string, { options }: { options: readonly string[] } = { options: [] }): string {
  writeFileSync(join(work, 'muster.yaml'), `${config}# ${text}\n`);
  git('add', '-A');
  git(...options, 'commit', '-q', '-m', text, ...(options.length === 0 ? [] : ['-S']));
  return git('rev-parse', 'HEAD');
}

export const head = (...keys: string[]): { verify: GitVerify } => ({ verify: { mode: 'head', keys } });

/** A home of gpg with keys of its own; its agent ends with the test. */
export function gpgHome(dir: string) {
  const home = join(dir, 'gnupg');
  mkdirSync(home, { mode: 0o700 });
  const env = { PATH: process.env.PATH ?? '', GNUPGHOME: home, LC_ALL: 'C' };
  const gpg = (...args: string[]): string =>
    execFileSync('gpg', ['--batch', '--quiet', '--pinentry-mode', 'loopback', '--passphrase', '', ...args], {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  return {
    home,
    gpg,
    close: () => void execFileSync('gpgconf', ['--kill', 'all'], { env, stdio: 'ignore' }),
    make(name: string, expires = 'never'): Signing & { fingerprint: string } {
      gpg('--faked-system-time', '20240101T000000!', '--quick-gen-key', `${name} <${name}@example.com>`, 'ed25519', 'sign', expires);
      const listing = gpg('--with-colons', '--list-keys', `${name}@example.com`);
      const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(listing)?.[1] ?? '';
      const key = join(dir, `${name}.asc`);
      writeFileSync(key, gpg('--armor', '--export', fingerprint));
      const program = join(dir, 'gpg-of-test');
      writeFileSync(program, `#!/bin/sh\nexport GNUPGHOME='${home}'\nexec gpg --batch --pinentry-mode loopback --passphrase '' "$@"\n`);
      chmodSync(program, 0o755);
      return { key, fingerprint, options: ['-c', `gpg.program=${program}`, '-c', `user.signingkey=${fingerprint}`] };
    },
  };
}
