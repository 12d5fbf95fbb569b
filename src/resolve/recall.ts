import { deepFreeze } from '../model/canonical.ts';
import type { SecretRef } from '../model/fields/kit.ts';
import type { Spec } from '../model/fields/table.ts';
import type { Desired, LoadedRecord, Note } from '../model/module.ts';
import { isMap, isReference } from '../model/settings.ts';
import type { CodeStore } from './code-store.ts';
import type { Parts } from './desire.ts';
import { digestSpec } from './digest.ts';
import { materialOf } from './material.ts';
import { problemOf } from './problem.ts';

/** A module of an old generation, with all that it takes to start it as it was. Never throws: what is gone is its `problem`. */
export async function recall(record: LoadedRecord, parts: Parts, store: CodeStore): Promise<Desired> {
  const { name, kind, spec, specDigest, codeDigest, path, version, source } = record;
  const desired: Desired = {
    ...{ name, kind, spec, specDigest, codeDigest, path, source },
    ...(version === undefined ? {} : { version }),
  };
  try {
    const known = await withKnownSecrets(desired, parts);
    // What else is gone is found before anything is stopped.
    await materialOf(known, null, parts, store);
    return known;
  } catch (error) {
    return { ...desired, problem: problemOf(error, `module ${name}`) };
  }
}

/** Values that nobody knows any more, as after a start of the daemon, are those that are there now; where they are others it is said. */
async function withKnownSecrets(desired: Desired, { secrets }: Parts): Promise<Desired> {
  const fingerprint = secrets.pass();
  const notes: Note[] = [];
  const spec = await eachSecret(desired.spec, '', async (secret, path) => {
    if (secret.fingerprint === undefined || secrets.knows(secret.fingerprint)) return secret;
    const now = await fingerprint(secret.secret);
    if (now === secret.fingerprint) return secret;
    const text = `the value that ${path} of ${desired.name} had then is not known any more; it gets the one that is there now`;
    notes.push({ code: 'secretChanged', text, always: true });
    return { ...secret, fingerprint: now };
  });
  if (notes.length === 0) return desired;
  const other = spec as Spec;
  return deepFreeze({ ...desired, spec: other, specDigest: digestSpec(desired.kind, other), notes });
}

async function eachSecret(data: unknown, path: string, visit: (secret: SecretRef, path: string) => Promise<SecretRef>): Promise<unknown> {
  const below = (key: string): string => (path === '' ? key : `${path}.${key}`);
  if (Array.isArray(data)) return Promise.all(data.map((item, index) => eachSecret(item, below(String(index)), visit)));
  if (!isMap(data)) return data;
  if (isReference(data)) return visit(data as SecretRef, path);
  const entries = Object.entries(data).map(async ([key, item]) => [key, await eachSecret(item, below(key), visit)] as const);
  return Object.fromEntries(await Promise.all(entries));
}
