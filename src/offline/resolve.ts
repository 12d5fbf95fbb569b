import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConfigSet } from '../model/config-set.ts';
import type { Desired } from '../model/module.ts';
import type { Log } from '../model/ports.ts';
import { declaredPath } from '../resolve/desire.ts';
import { createResolver, type Resolver } from '../resolve/resolver.ts';
import type { At } from './surroundings.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Asks the world about several configs with the same resolver, so that what is equal in them gets equal digests; with the values that must not be shown. */
export async function resolveConfigs(
  configs: readonly (ConfigSet | null)[],
  at: At,
): Promise<{ sets: (ReadonlyMap<string, Desired> | undefined)[]; secrets: readonly string[] }> {
  const resolver = offlineResolver(at);
  try {
    const all: (ReadonlyMap<string, Desired> | undefined)[] = [];
    for (const config of configs) all.push(config === null ? undefined : await resolver.resolve(config));
    return { sets: all, secrets: resolver.knownSecrets() };
  } finally {
    await resolver.dispose();
  }
}

/** To be disposed of by who makes it. */
export function offlineResolver({ env }: At): Resolver {
  return createResolver({
    // Only `material` writes there, and nothing is started here.
    codeDir: join(tmpdir(), 'muster-offline'),
    key: randomBytes(32),
    env,
    builtinDir: join(dirname(fileURLToPath(import.meta.url)), 'builtin'),
    log: silent,
  });
}

/** The desired set as far as the config alone tells it. */
export function unresolved({ modules }: ConfigSet): Map<string, Desired> {
  const desired = new Map<string, Desired>();
  for (const [name, { entry, source }] of modules) {
    const { kind, spec, digest } = entry;
    desired.set(name, { name, kind, spec, specDigest: digest, codeDigest: null, path: declaredPath(entry), source });
  }
  return desired;
}
