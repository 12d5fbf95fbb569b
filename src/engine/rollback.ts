import type { Diagnostic } from '../model/diagnostic.ts';
import { MusterError } from '../model/error.ts';
import type { Desired, LoadedRecord } from '../model/module.ts';
import type { Generation } from '../store/records.ts';
import type { EngineContext } from './context.ts';
import type { Wanted } from './ports.ts';

/** What a rollback goes back to. */
export interface Rollback {
  readonly to: number;
  /** Only if this one is in force still; absent: whatever is. */
  readonly from?: number;
}

/** The generation that `rollback` goes back to: the one named, else the one before that in force. Throws ENOENT where there is none. */
export async function rollbackTo(number: number | undefined, { ports }: EngineContext): Promise<number> {
  const { store } = ports;
  const kept = await store.generations();
  if (number !== undefined) {
    if (kept.includes(number)) return number;
    throw unknown(number, kept);
  }
  const before = kept.findLast((each) => each < store.state.generation);
  if (before === undefined) throw new MusterError('ENOENT', `there is no generation before ${store.state.generation}`, { hint });
  return before;
}

/** A generation that is kept, whole. Throws ENOENT where there is none of that number, EIO where its file is damaged. */
export async function generationOf(number: number, { ports }: EngineContext): Promise<Generation> {
  const { store } = ports;
  const kept = await store.generations();
  if (!kept.includes(number)) throw unknown(number, kept);
  const found = await store.loadGeneration(number);
  if (found === null) throw new MusterError('EIO', `the file of generation ${number} is damaged`, { hint });
  return found;
}

const hint = 'muster history shows those that are kept';

function unknown(number: number, kept: readonly number[]): MusterError {
  const there = kept.length === 0 ? 'none is kept yet' : `kept: ${kept.join(', ')}`;
  return new MusterError('ENOENT', `there is no generation ${number}; ${there}`, { hint });
}

/** The content of an old generation as something to be desired. */
export async function wantedAgain({ to, from }: Rollback, context: EngineContext): Promise<Wanted> {
  const { store } = context.ports;
  if (from !== undefined && store.state.generation !== from) {
    throw new MusterError('ESTALE', `generation ${from} is not in force any more: ${store.state.generation} is`);
  }
  return wantedOf(await generationOf(to, context), context);
}

export async function wantedOf(generation: Generation, { ports }: EngineContext): Promise<Wanted> {
  return {
    config: { ...configOf(generation), revision: generation.revision ?? null },
    desired: new Map((await recalled(generation.modules, ports.sources)).map((desired) => [desired.name, desired])),
  };
}

/** What a generation keeps of its config; of the texts nothing, for what is wanted is known already. */
export function configOf({ configDigest, files, policy, alternatives = {} }: Generation) {
  return {
    digest: configDigest,
    files: files.map((file) => ({ ...file, text: '' })),
    policy,
    warnings: [],
    alternatives: new Map(Object.entries(alternatives)),
  };
}

/** A few at a time: each may look for files, and read a secret. */
async function recalled(modules: readonly LoadedRecord[], sources: EngineContext['ports']['sources']): Promise<Desired[]> {
  const found: Desired[] = [];
  for (let at = 0; at < modules.length; at += atOnce) {
    found.push(...(await Promise.all(modules.slice(at, at + atOnce).map((record) => sources.recall(record)))));
  }
  return found;
}

const atOnce = 16;

/**
 * Where the config comes from a repository, what commands have there is put back too; what could not be is told. Also where it is there
 * already: a look that began before may be about to use something else.
 */
export async function restoreFiles({ config }: Wanted, { ports }: EngineContext): Promise<readonly Diagnostic[]> {
  const revision = config.revision ?? null;
  if (revision === null) return [];
  if (await ports.sources.restoreRevision(revision)) return [];
  const message = `the files of commit ${revision.slice(0, 12)} are not kept any more; commands find those of a later one`;
  return [{ ...nowhere, severity: 'warning', code: 'revisionGone', message }];
}

const nowhere = { file: '', line: 0, column: 0, endLine: 0, endColumn: 0 };
