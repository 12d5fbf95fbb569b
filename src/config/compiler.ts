import { createHash } from 'node:crypto';
import { deepFreeze } from '../model/canonical.ts';
import type { ConfigOutcome, ConfigSet, FileText, Reader } from '../model/config-set.ts';
import { isError } from '../model/diagnostic.ts';
import type { Declared } from '../model/module.ts';
import { assemble } from './assemble.ts';
import { type Evaluated, evaluateEntry } from './entry.ts';
import { createFindings, sorted } from './findings.ts';
import { type Gathering, gatherLayer, type Layer } from './gather.ts';
import type { Environment } from './interpolate.ts';
import { spanOf } from './node.ts';
import { checkSet } from './set-checks.ts';
import { readDefaults, readModulePath, readPolicy } from './top.ts';
import { createUnits } from './unit.ts';

export interface ConfigCompilerOptions {
  /** For interpolation, and $MUSTER_MODULE_PATH. */
  env: Environment;
  reader: Reader;
}

export interface ConfigCompiler {
  /**
   * From files (`-c`, absolute, in their order) to a checked config, or to all that is wrong with it. Never throws for
   * what stands in files. The same set as before if no byte has changed; the same entries where the text means the same.
   */
  compile(files: readonly string[]): Promise<ConfigOutcome>;
}

/** Reads and checks configs; remembers what it has seen, so that what has not changed costs little. */
export function createConfigCompiler({ env, reader }: ConfigCompilerOptions): ConfigCompiler {
  const unit = createUnits();
  const matched = new Map<string, Set<string>>();

  return {
    async compile(files) {
      const id = files.join('\0');
      const matchedBefore = matched.get(id) ?? new Set<string>();
      const findings = createFindings();
      const gathering: Gathering = {
        ...{ env, reader, findings, unit, matchedBefore, incomplete: false },
        ...{ asked: new Set(), watch: new Set(), globs: new Map() },
      };
      const layers: Layer[] = [];
      for (const file of files) layers.push(await gatherLayer(file, gathering));
      const outcome = evaluate(layers, gathering);
      const now = [...gathering.globs].filter(([, found]) => found.length > 0).map(([pattern]) => pattern);
      matched.set(id, new Set(outcome.ok ? now : [...matchedBefore, ...now]));
      return outcome;
    },
  };
}

function evaluate(layers: readonly Layer[], gathering: Gathering): ConfigOutcome {
  const { env, findings, asked, watch } = gathering;
  const root = assemble(layers, gathering);
  const policy = readPolicy(root, env, findings);
  const modulePath = readModulePath(root, env, findings);
  const around = { env, findings, defaults: readDefaults(root, env, findings) };
  const modules = new Map<string, Evaluated>();
  const declared = root.fields.get('modules')?.value;
  if (declared?.kind === 'dict') {
    for (const [name, pair] of declared.fields) modules.set(name, evaluateEntry(name, pair, around));
  }
  if (!gathering.incomplete) checkSet(modules, findings);

  const diagnostics = sorted(findings.all, [...asked]);
  if (diagnostics.some(isError)) return deepFreeze({ ok: false, diagnostics, files: [...asked], watch: [...watch] });
  const texts = layers.flatMap((layer) => layer.units.map((each) => each.file));
  const config: ConfigSet = {
    modules: declarations(modules),
    ...{ policy, modulePath, files: texts, watch: [...watch], digest: digestOf(texts), warnings: diagnostics },
  };
  return { ok: true, config: Object.freeze(config) };
}

function declarations(modules: ReadonlyMap<string, Evaluated>): Map<string, Declared> {
  const result = new Map<string, Declared>();
  for (const [name, { entry, key }] of modules) {
    if (entry === null) continue;
    const { file, line, column } = spanOf(key);
    result.set(name, Object.freeze({ entry, source: Object.freeze({ file, line, column }) }));
  }
  return result;
}

function digestOf(texts: readonly FileText[]): string {
  const hash = createHash('sha256');
  for (const { path, sha256 } of texts) hash.update(`${path}\0${sha256}\n`);
  return hash.digest('hex');
}
