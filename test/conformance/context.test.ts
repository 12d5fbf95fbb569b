import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checks, modules } from './checks.ts';
import { createWorld, type Realm, realms, type World } from './world.ts';

/** One daemon for each kind of realm; a kind that does not come up fails each check by itself. */
const worlds = new Map<Realm, Promise<World>>();
/** What was observed, by check: the same in every kind of realm. */
const transcript = new Map<Realm, unknown[]>(realms.map((realm) => [realm, []]));
const checkBoundMs = 20_000; // a check that hangs in one realm is told apart from the others

beforeAll(async () => {
  for (const realm of realms) worlds.set(realm, createWorld(realm, modules));
  await Promise.allSettled(worlds.values());
});

afterAll(async () => {
  await Promise.all([...worlds.values()].map(async (world) => (await world.catch(() => null))?.[Symbol.asyncDispose]()));
});

describe('A module finds the same Context in its own thread, in a shared one, as a process and inside a service', () => {
  for (const { title, observe, expected } of checks) {
    test(title, async () => {
      const observed = await Promise.all(realms.map(async (realm) => [realm, await inWorld(realm, observe)] as const));
      for (const [realm, answer] of observed) transcript.get(realm)?.push(answer);
      expect(Object.fromEntries(observed)).toEqual(Object.fromEntries(realms.map((realm) => [realm, expected])));
    });
  }
});

test('The transcripts of all kinds of realm are the same, of at least 60 checks', () => {
  const [first, ...others] = realms.map((realm) => transcript.get(realm));
  expect(first?.length).toBe(checks.length);
  expect(checks.length).toBeGreaterThanOrEqual(60);
  for (const other of others) expect(other).toEqual(first);
});

/** What is observed, or what went wrong, as data. */
async function inWorld(realm: Realm, observe: (world: World) => Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const bound = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took more than ${checkBoundMs} ms`)), checkBoundMs);
  });
  try {
    const world = await worlds.get(realm);
    if (world === undefined) throw new Error('there is no such world');
    return await Promise.race([observe(world), bound]);
  } catch (error) {
    return { wentWrong: error instanceof Error ? error.message : error };
  } finally {
    clearTimeout(timer);
  }
}
