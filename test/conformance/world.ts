import { join } from 'node:path';
import type { ModuleView } from '../../src/model/documents.ts';
import type { Result } from '../../src/model/plan.ts';
import { createPlace, type Place } from '../support/place.ts';
import { type Talk, talk } from '../support/talk.ts';
import { prepare } from './prepare.ts';

/** The places where a module can run: they must not be told apart by what a `Context` does. */
export const realms = ['thread', 'shared', 'process', 'hosted'] as const;
export type Realm = (typeof realms)[number];

export type Entry = Readonly<Record<string, unknown>>;

/** A daemon whose modules under test all run in one kind of realm. */
export interface World extends Talk, AsyncDisposable {
  readonly realm: Realm;
  readonly place: Place;
  view(name: string): Promise<ModuleView | undefined>;
  /** Lines of the log of a module, without their times. */
  logs(name: string): Promise<string[]>;
  /** Adds these entries to the config, or takes away those that are null, and reconciles nothing but them. */
  declare(modules: Readonly<Record<string, Entry | null>>): Promise<Result>;
}

/** Where the modules under test are. */
export const fixture = (file: string): string => join(import.meta.dirname, 'fixtures', file);

/**
 * Modules under test have dotted names: the word before the period is that of their neighbour, which shares the realm
 * with them where a realm is shared, and is the service that loads them where they are hosted.
 */
const neighbours = ['host', 'rough'];

export async function createWorld(realm: Realm, modules: Readonly<Record<string, Entry>>): Promise<World> {
  const place = await createPlace();
  const declared = new Map<string, Entry>();
  for (const name of neighbours) declared.set(name, { module: fixture('neighbour.ts'), ...neighbour(realm, name) });
  declared.set('peer', { module: fixture('peer.ts') });
  const add = (name: string, entry: Entry) => declared.set(name, { ...subject(realm, name), ...entry });
  for (const [name, entry] of Object.entries(modules)) add(name, entry);
  const write = () => place.write('muster.yaml', `${JSON.stringify({ version: 1, modules: Object.fromEntries(declared) }, null, 1)}\n`);

  try {
    await prepare(place);
    await write();
    const up = await place.musterWith({ env: { LEAK: 'of the daemon' } }, 'up', '-d', '-c', 'muster.yaml');
    if (up.code !== 0) throw new Error(`up exited ${up.code}: ${up.stderr}`);
    return await world();
  } catch (error) {
    await place[Symbol.asyncDispose]();
    throw error;
  }

  async function world(): Promise<World> {
    const client = await talk(place);
    return {
      ...client,
      realm,
      place,
      view: async (name) => (await client.muster('list', {})).modules.find((module) => module.name === name),
      logs: async (name) => (await client.muster('logs', { names: [name] })).map(({ text }) => text),
      async declare(changed) {
        for (const [name, entry] of Object.entries(changed)) {
          if (entry === null) declared.delete(name);
          else add(name, entry);
        }
        await write();
        return (await client.muster('reconcile', { only: Object.keys(changed) })) as Result;
      },
      async [Symbol.asyncDispose]() {
        client[Symbol.dispose]();
        await place[Symbol.asyncDispose]();
      },
    };
  }
}

function neighbour(realm: Realm, name: string): Entry {
  if (realm === 'shared') return { isolation: 'shared', threadGroup: name };
  return realm === 'process' ? { isolation: 'process' } : {};
}

function subject(realm: Realm, name: string): Entry {
  const [group = ''] = name.split('.', 1);
  if (group === name || realm === 'hosted') return {};
  return { service: 'none', ...neighbour(realm, group) };
}
