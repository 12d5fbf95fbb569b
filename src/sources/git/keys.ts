import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { partOf } from './parts.ts';
import { keyFiles, type Places } from './places.ts';
import { plain } from './plain.ts';
import type { Program } from './program.ts';
import { Trouble } from './trouble.ts';

export interface Keys {
  /** Differs whenever what the files say does. */
  readonly digest: string;
  /** Lines of an allowed-signers file. */
  readonly signers: readonly string[];
  /** Armoured OpenPGP keys, one text per file. */
  readonly openpgp: readonly string[];
}

const mostBytes = 2 ** 20;
const sshType = /^(?:sk-)?(?:ssh-|ecdsa-)[\w@.-]+$/;

/** Who may sign, as the files say now: a key that is taken out of them is trusted no longer. */
export async function readKeys(paths: readonly string[]): Promise<Keys> {
  const signers: string[] = [];
  const openpgp: string[] = [];
  for (const path of paths) {
    const text = await readText(path);
    if (/PRIVATE KEY/.test(text)) throw untrusted(`${path} holds a private key; verify.keys names public ones`);
    if (text.includes('-----BEGIN PGP PUBLIC KEY BLOCK-----')) openpgp.push(text);
    else signers.push(...signersIn(text, path));
  }
  const digest = createHash('sha256')
    .update(JSON.stringify([signers, openpgp]))
    .digest('hex');
  return { digest, signers, openpgp };
}

/** Lines of a file of SSH keys; who it is that signs is taken from the comment where the line says nothing better. */
export function signersIn(text: string, path: string): string[] {
  const lines = text.split('\n').map((line) => line.trim());
  const signers = lines.flatMap((line, index) => {
    if (line === '' || line.startsWith('#')) return [];
    const words = line.split(/\s+/);
    const [type = '', key = '', ...comment] = words;
    if (sshType.test(type)) return [`${principalOf(comment.join(' '), path)} namespaces="git" ${type} ${key}`];
    if (words.slice(1).some((word) => sshType.test(word))) return [line];
    throw untrusted(`${path}:${index + 1} is no public key; expected a line of OpenSSH, or an armoured OpenPGP key (gpg --armor --export)`);
  });
  if (signers.length === 0) throw untrusted(`${path} holds no public key`);
  return signers;
}

/** Puts the keys where git looks for them. They are in no keyring but this one, and there is nothing else in it. */
export async function installKeys({ signers, openpgp }: Keys, places: Places, run: Program, id: string): Promise<void> {
  const part = partOf(places.keys, id);
  const home = join(part, keyFiles.gnupg);
  await mkdir(home, { recursive: true, mode: 0o700 });
  await writeFile(join(part, keyFiles.signers), signers.map((line) => `${line}\n`).join(''));
  await writeFile(join(home, 'gpg.conf'), gpgSettings);
  for (const [index, text] of openpgp.entries()) {
    const file = join(part, `${index}.asc`);
    await writeFile(file, text);
    const { code, stderr } = await run({ argv: ['gpg', '--homedir', home, '--import', file], env: { GNUPGHOME: home } });
    if (code !== 0) throw untrusted(`gpg does not take key ${index + 1} of source.git.verify.keys: ${plain(stderr)}`);
  }
  await rm(places.keys, { recursive: true, force: true });
  await rename(part, places.keys);
}

/** No agent is started, no key is looked for elsewhere; a key that was given is trusted. */
const gpgSettings = ['batch', 'no-tty', 'no-autostart', 'no-auto-key-retrieve', 'no-auto-check-trustdb', 'trust-model always', ''].join(
  '\n',
);

/** What ssh-keygen calls the signer: no list, no pattern. */
function principalOf(comment: string, path: string): string {
  const name = comment
    .replace(/[^\w.@+-]+/g, '_')
    .replace(/^[_-]+|_+$/g, '')
    .slice(0, 100);
  return name === '' ? basename(path).replace(/[^\w.@+-]+/g, '_') : name;
}

async function readText(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw untrusted(`the key ${path} cannot be read (${error.code ?? error.message}); see source.git.verify.keys`);
  });
  if (text.length > mostBytes) throw untrusted(`${path} is too large for a key`);
  return text;
}

function untrusted(message: string): Trouble {
  return new Trouble('untrusted', message);
}
