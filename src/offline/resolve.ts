import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConfigSet } from '../model/config-set.ts';
import type { CodeSpec, CommandSpec } from '../model/fields/table.ts';
import type { Desired, Entry } from '../model/module.ts';
import type { Log } from '../model/ports.ts';
import { createResolver } from '../resolve/resolver.ts';
import type { At } from './surroundings.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Asks the world about several configs with the same resolver, so that what is equal in them gets equal digests. */
export async function resolveConfigs(
  configs: readonly (ConfigSet | null)[],
  { env }: At,
): Promise<(ReadonlyMap<string, Desired> | undefined)[]> {
  const resolver = createResolver({
    // Only `material` writes there, and nothing is started here.
    codeDir: join(tmpdir(), 'muster-offline'),
    key: randomBytes(32),
    env,
    builtinDir: join(dirname(fileURLToPath(import.meta.url)), 'builtin'),
    log: silent,
  });
  try {
    const all: (ReadonlyMap<string, Desired> | undefined)[] = [];
    for (const config of configs) all.push(config === null ? undefined : await resolver.resolve(config));
    return all;
  } finally {
    await resolver.dispose();
  }
}

/** The desired set as far as the config alone tells it. */
export function unresolved({ modules }: ConfigSet): Map<string, Desired> {
  const desired = new Map<string, Desired>();
  for (const [name, { entry, source }] of modules) {
    const { kind, spec, digest } = entry;
    desired.set(name, { name, kind, spec, specDigest: digest, codeDigest: null, path: pathOf(entry), source });
  }
  return desired;
}

function pathOf({ kind, spec }: Entry): string {
  if (kind === 'command') return (spec as CommandSpec).command[0] ?? '';
  return kind === 'code' ? (spec as CodeSpec).module : (spec as { package: string }).package;
}
