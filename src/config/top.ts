import { resolve } from 'node:path/posix';
import * as z from 'zod/mini';
import { count, duration, flag, percent } from '../model/fields/kit.ts';
import { type Kind, kindKey, kinds } from '../model/fields/table.ts';
import { defaultPolicy, type Policy } from '../model/policy.ts';
import { didYouMean } from '../model/suggest.ts';
import type { Defaults } from './entry.ts';
import type { Findings } from './findings.ts';
import { checkHosts } from './hosts.ts';
import type { Environment } from './interpolate.ts';
import { knownFields } from './kind-of.ts';
import { entryRules, kindSchema } from './kind-schema.ts';
import type { Dict, Node, Pair } from './node.ts';
import { absolute, fill, isIgnored, toRaw } from './raw.ts';
import { report } from './report.ts';

/** Keys of a main file with what the schema says of them. Those of an included file are fewer. */
export const topKeys = {
  version: 'Version of this format: 1.',
  modulePath: 'Folders where bare module names are looked up; also $MUSTER_MODULE_PATH.',
  include: 'Further files with modules: paths, or patterns with * and ?.',
  defaults: 'Fields for all entries of a kind that do not say otherwise.',
  modules: 'What is to run, by instance name.',
  hosts: 'Virtual hosts with their components.',
  alternatives: 'Which provider of a service is loaded.',
  policy: 'What the daemon does by itself, and what it refuses to do.',
  source: 'Where modules come from instead of this file.',
  notify: 'Whom to tell.',
} as const;
export const includedKeys: ReadonlySet<string> = new Set(['version', 'include', 'modules', 'hosts', 'alternatives']);

const limit = z.union([count(), percent], { error: 'expected a count or a percentage such as 50%' });

export const policySchema = z.strictObject({
  watch: z._default(z.enum(['plan', 'apply', 'off']), defaultPolicy.watch),
  interval: z._default(duration, defaultPolicy.interval),
  selfHeal: z._default(flag, defaultPolicy.selfHeal),
  prune: z._default(z.enum(['owned', 'none', 'all']), defaultPolicy.prune),
  maxRemovals: z._default(limit, defaultPolicy.maxRemovals),
  allowEmpty: z._default(flag, defaultPolicy.allowEmpty),
  maxUnavailable: z._default(limit, defaultPolicy.maxUnavailable),
  onFailure: z._default(z.enum(['continue', 'stop', 'rollback']), defaultPolicy.onFailure),
  concurrency: z._default(count(), defaultPolicy.concurrency),
});

/** Checks what one file may have at its top, before layers are merged. */
export function checkTopKeys(root: Dict, main: boolean, findings: Findings): void {
  for (const [name, { key, value }] of root.fields) {
    if (isIgnored(name)) continue;
    if (!(name in topKeys)) {
      findings.error(key, 'unknownKey', `unknown key "${name}"`, didYouMean(name, Object.keys(topKeys)));
    } else if (!main && !includedKeys.has(name)) {
      findings.error(key, 'mainOnly', `${name} cannot stand in an included file`, 'move it to the main file');
    } else if (name === 'version' && !(value.kind === 'scalar' && value.value === 1)) {
      findings.error(value.end > value.start ? value : key, 'badVersion', 'this muster reads version 1 of the config');
    } else if (name === 'modules') {
      checkModules(value, key, findings);
    } else if (name === 'hosts') {
      checkHosts({ key, value }, findings);
    }
  }
}

function checkModules(value: Node, key: Pair['key'], findings: Findings): void {
  if (value.kind === 'dict') return;
  const empty = value.kind === 'scalar' && value.value === null;
  if (empty) findings.error(key, 'emptyModules', 'modules has nothing after it', 'to declare that there are none write modules: {}');
  else findings.error(value, 'wrongType', 'modules must be a map from names to entries');
}

export function readPolicy(root: Dict, env: Environment, findings: Findings): Policy {
  const pair = root.fields.get('policy');
  if (pair === undefined) return defaultPolicy;
  const { key, value } = pair;
  if (value.kind !== 'dict') {
    findings.error(key, 'wrongType', 'policy must be a map');
    return defaultPolicy;
  }
  const raw = toRaw(value, { env, findings, rules: () => ({}), secrets: [] });
  const parsed = policySchema.safeParse(raw);
  if (parsed.success) return parsed.data as Policy;
  report(parsed.error.issues, { schema: policySchema, raw, node: value, key, findings });
  return defaultPolicy;
}

/** Folders of `modulePath`, then those of $MUSTER_MODULE_PATH. */
export function readModulePath(root: Dict, env: Environment, findings: Findings): string[] {
  const own = readTexts(root, 'modulePath', env, findings).map(({ text, node }) => absolute(text, node));
  const further = (env.MUSTER_MODULE_PATH ?? '').split(':').filter((folder) => folder !== '');
  return [...new Set([...own, ...further.map((folder) => resolve(folder))])];
}

/** A list of strings at the top, with variables filled in. */
export function readTexts(root: Dict, name: string, env: Environment, findings: Findings): { text: string; node: Node }[] {
  const pair = root.fields.get(name);
  if (pair === undefined) return [];
  if (pair.value.kind !== 'list') {
    findings.error(pair.key, 'wrongType', `${name} must be a list of paths`, `write ${name}: [...]`);
    return [];
  }
  return pair.value.items.flatMap((node) => {
    const before = findings.all.length;
    const text = node.kind === 'scalar' && typeof node.value === 'string' ? fill(node, node.value, { env, findings }) : '';
    if (findings.all.length > before) return [];
    if (text !== '') return [{ text, node }];
    findings.error(node.end > node.start ? node : pair.key, 'wrongType', `${name} must be a list of paths`);
    return [];
  });
}

export function readDefaults(root: Dict, env: Environment, findings: Findings): Defaults {
  const pair = root.fields.get('defaults');
  if (pair === undefined) return {};
  if (pair.value.kind !== 'dict') {
    findings.error(pair.key, 'wrongType', `defaults must be a map with ${defaultsFor.join(', ')}`);
    return {};
  }
  const defaults: { -readonly [F in keyof Defaults]: Defaults[F] } = {};
  for (const [name, { key, value }] of pair.value.fields) {
    if (isIgnored(name)) continue;
    const found = defaultsFor.find((each) => each === name);
    if (found === undefined) {
      const hint = didYouMean(name, defaultsFor) ?? `there are: ${defaultsFor.join(', ')}`;
      findings.error(key, 'unknownKey', `unknown key "${name}" in defaults`, hint);
    } else if (value.kind !== 'dict') findings.error(key, 'wrongType', `defaults.${name} must be a map`);
    else defaults[found] = checkedDefaults(found, value, key, env, findings);
  }
  return defaults;
}

const defaultsFor = [...kinds, 'hosts'] as const;

/** Defaults are checked by themselves too: there may be no entry that takes them. */
function checkedDefaults(of: Kind | 'hosts', value: Dict, key: Pair['key'], env: Environment, findings: Findings): Dict {
  const kind = of === 'hosts' ? 'code' : of;
  const known = knownFields(kind, value, findings);
  // What a host is can have a default: without one it is what comes with muster.
  const identity = of === 'hosts' ? undefined : known.fields.get(kindKey[kind]);
  if (identity !== undefined) findings.error(identity.key, 'badDefault', `${kindKey[kind]} is what an entry is; it has no default`);
  const raw = toRaw(known, { env, findings, rules: entryRules, secrets: [] });
  const schema = z.partial(kindSchema(kind));
  const parsed = schema.safeParse(raw);
  if (!parsed.success) report(parsed.error.issues, { schema, raw, node: known, key, findings });
  return known;
}
