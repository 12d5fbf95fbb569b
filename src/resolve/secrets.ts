import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Environment } from '../model/environment.ts';
import { MusterError } from '../model/error.ts';
import type { SecretRef } from '../model/fields/kit.ts';
import { isMaskable } from '../model/mask/forms.ts';
import { problemOf, toError } from './problem.ts';
import type { SecretProgram } from './secret-program.ts';
import { createSecretValues } from './secret-values.ts';
import { fillTemplate } from './template.ts';

/** Reads secrets. Their values stay in here; what leaves are fingerprints, and values for the one who starts a module. */
export interface Secrets {
  /** References read in one pass, so that one that many modules share is read once. */
  pass(): (reference: string) => Promise<string>;
  /** The reference as it may be kept and shown: a template can hold a secret as its default, so it leaves sealed. */
  seal(reference: string): string;
  /** The value that a fingerprint was made of, else what the reference gives now. */
  value(secret: SecretRef): Promise<string>;
  /** Whether the value that a fingerprint was made of is known still. */
  knows(fingerprint: string): boolean;
  /** Whether the value of this fingerprint cannot be told from ordinary text. */
  isShort(fingerprint: string): boolean;
  /** Values that must not be shown; the same array for as long as they are the same. */
  known(): readonly string[];
}

export interface SecretsOptions {
  key: Uint8Array | string;
  env: Environment;
  /** Null: none is run, and what one would print is taken to be always the same. */
  program: SecretProgram | null;
}

export function createSecrets({ key, env, program }: SecretsOptions): Secrets {
  const values = createSecretValues();
  const seals = createSeals(key);
  const fingerprintOf = (text: string): string => createHmac('sha256', key).update(text).digest('hex').slice(0, 32);
  const read = async (reference: string): Promise<{ value: string; fingerprint: string }> => {
    const parts: string[] = [];
    const value = await readSecret(seals.open(reference), { env, program, parts });
    const fingerprint = fingerprintOf(value);
    values.keep(fingerprint, value, parts);
    return { value, fingerprint };
  };
  return {
    pass() {
      const known = new Map<string, Promise<string>>();
      return (reference) => {
        const before = known.get(reference);
        if (before !== undefined) return before;
        const isUnread = program === null && reference.startsWith('exec:');
        const fingerprint = isUnread ? Promise.resolve(fingerprintOf(reference)) : read(reference).then((secret) => secret.fingerprint);
        known.set(reference, fingerprint);
        return fingerprint;
      };
    },
    seal: seals.seal,
    value: async ({ secret, fingerprint }) =>
      (fingerprint === undefined ? undefined : values.get(fingerprint)) ?? (await read(secret)).value,
    knows: (fingerprint) => values.get(fingerprint) !== undefined,
    isShort: (fingerprint) => !isMaskable(values.get(fingerprint) ?? ''),
    known: values.all,
  };
}

/**
 * AES-256-GCM under the key of this daemon. The nonce is made of the text, so that the same text gives the same seal and
 * an unchanged config stays unchanged; that equal texts show as equal is what a fingerprint tells as well.
 */
function createSeals(key: Uint8Array | string) {
  const cipherKey = createHmac('sha256', key).update('seal').digest();
  return {
    seal(reference: string): string {
      if (!reference.startsWith('text:')) return reference;
      const nonce = createHmac('sha256', cipherKey).update(reference).digest().subarray(0, nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', cipherKey, nonce);
      const hidden = Buffer.concat([cipher.update(reference, 'utf8'), cipher.final()]);
      return `sealed:${Buffer.concat([nonce, cipher.getAuthTag(), hidden]).toString('base64url')}`;
    },
    open(reference: string): string {
      if (!reference.startsWith('sealed:')) return reference;
      const bytes = Buffer.from(reference.slice('sealed:'.length), 'base64url');
      try {
        const decipher = createDecipheriv('aes-256-gcm', cipherKey, bytes.subarray(0, nonceBytes));
        decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
        return Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]).toString('utf8');
      } catch {
        throw new MusterError('EINVAL', 'a secret that was kept cannot be opened: the key of this state dir is another');
      }
    },
  };
}

const nonceBytes = 12;
const tagBytes = 16;

interface Reading {
  readonly env: Environment;
  readonly program: SecretProgram | null;
  /** Gets what was filled into a text. */
  readonly parts: string[];
}

async function readSecret(reference: string, { env, program, parts }: Reading): Promise<string> {
  const colon = reference.indexOf(':');
  const rest = reference.slice(colon + 1);
  switch (reference.slice(0, colon)) {
    case 'env':
      return readVariable(rest, env);
    case 'file':
      return readSecretFile(rest);
    case 'exec':
      return readFromProgram(rest, program);
    case 'text':
      return fillTemplate(rest, env, (name, value) => {
        if (!isOrdinary(name)) parts.push(value);
      });
    default:
      throw new MusterError('EINVAL', `"${reference}" is no secret: expected env:NAME, file:PATH or exec:ARGV`);
  }
}

/** What every program gets says nothing, whatever key it is written under: to hide it would hide half of all paths. */
const isOrdinary = (name: string): boolean => /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TZ|TMPDIR|PWD|HOSTNAME)$/.test(name);

function readVariable(name: string, env: Environment): string {
  const value = env[name];
  if (value === undefined)
    throw new MusterError('ENOENT', `the variable ${name} is not set`, { hint: 'set it where the daemon is started' });
  return value;
}

async function readSecretFile(path: string): Promise<string> {
  try {
    return trimLineEnd(await readFile(path, 'utf8'));
  } catch (error) {
    throw toError(problemOf(error, `the file ${path}`));
  }
}

async function readFromProgram(line: string, program: SecretProgram | null): Promise<string> {
  const argv = line.split(/\s+/).filter((word) => word !== '');
  if (program === null)
    throw new MusterError('ENOTSUP', `the program "${argv[0] ?? ''}" is not run for its secret where there is no daemon`);
  return trimLineEnd(await program(argv));
}

const trimLineEnd = (text: string): string => text.replace(/\r?\n$/, '');
