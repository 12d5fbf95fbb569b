import { judgeConfig } from '../builtin/settings/judge.ts';
import type { CodeSpec } from '../model/fields/table.ts';
import type { Findings } from './findings.ts';
import { type Dict, type Located, nodeAt, placeAt } from './node.ts';

export interface Configured {
  readonly spec: CodeSpec;
  /** Where values of it are secrets, whose values nobody knows yet. */
  readonly secrets: readonly (readonly string[])[];
  readonly whole: Dict;
  readonly key: Located;
  readonly findings: Findings;
}

/** What modules that come with muster would refuse at their start is refused where it stands. */
export function checkBuiltinConfig({ spec, secrets, whole, key, findings }: Configured): void {
  for (const { path, message, key: about } of judgeConfig(spec.module, withPlaceholders(spec.config, secrets))) {
    const at = ['config', ...path];
    if (secrets.some((secret) => secret.every((step, index) => step === String(at[index])))) continue;
    const around = nodeAt(whole, at.slice(0, -1));
    const ownKey = around?.kind === 'dict' ? around.fields.get(String(at.at(-1)))?.key : undefined;
    const place = about === 'missing' ? key : about === 'unknown' ? ownKey : undefined;
    findings.error(place ?? placeAt(whole, key, at), about === undefined ? 'badValue' : `${about}Key`, message);
  }
}

function withPlaceholders(config: CodeSpec['config'], secrets: Configured['secrets']): CodeSpec['config'] {
  const copy = structuredClone(config) as Record<string, unknown>;
  for (const [first, ...path] of secrets) if (first === 'config') put(copy, path);
  return copy;
}

function put(node: unknown, [step, ...rest]: readonly string[]): void {
  if (typeof node !== 'object' || node === null || step === undefined) return;
  const at = node as Record<string, unknown>;
  if (rest.length === 0) at[step] = 'a-secret';
  else put(at[step], rest);
}
