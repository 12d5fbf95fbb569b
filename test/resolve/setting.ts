import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import * as z from 'zod/mini';
import type { ConfigSet } from '../../src/model/config-set.ts';
import { fieldTable, type Kind, type Spec } from '../../src/model/fields/table.ts';
import type { Declared, Entry } from '../../src/model/module.ts';
import { defaultPolicy } from '../../src/model/policy.ts';
import type { Log } from '../../src/model/ports.ts';
import { digestSpec } from '../../src/resolve/digest.ts';
import { createResolver, type Resolver, type ResolverOptions } from '../../src/resolve/resolver.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** A folder that is gone when the test is over. */
export function tempFolder(files: Readonly<Record<string, string>> = {}): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'muster-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  write(folder, files);
  return folder;
}

export function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

export function resolverIn(folder: string, options: Partial<ResolverOptions> = {}): Resolver {
  const resolver = createResolver({
    codeDir: join(folder, 'state', 'code'),
    key: 'key of this test',
    env: { PATH: process.env.PATH, HOME: '/home/someone', LEAK: 'no' },
    builtinDir: join(folder, 'builtin'),
    log: silent,
    ...options,
  });
  onTestFinished(() => resolver.dispose());
  return resolver;
}

export function entry(name: string, kind: Kind, written: Record<string, unknown>, secrets: readonly (readonly string[])[] = []): Entry {
  const shape = Object.fromEntries(Object.entries(fieldTable[kind]).map(([field, { schema }]) => [field, schema]));
  const spec = z.strictObject(shape).parse(written) as unknown as Spec;
  return Object.freeze({ name, kind, spec, digest: digestSpec(kind, spec), secrets });
}

export function configOf(entries: readonly Entry[], modulePath: readonly string[] = [], line = 1): ConfigSet {
  const modules = new Map<string, Declared>();
  for (const [index, one] of entries.entries()) {
    modules.set(one.name, { entry: one, source: { file: '/muster.yaml', line: line + index, column: 3 } });
  }
  return {
    modules,
    policy: defaultPolicy,
    source: null,
    revision: null,
    notify: [],
    alternatives: new Map(),
    modulePath,
    files: [],
    watch: [],
    digest: '',
    warnings: [],
  };
}
