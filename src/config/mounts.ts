import { judgeMounts } from '../builtin/settings/judge.ts';
import type { CodeSpec } from '../model/fields/table.ts';
import type { Evaluated } from './entry.ts';
import type { Findings } from './findings.ts';
import { spanOf } from './node.ts';
import type { Relations } from './relations.ts';

/** Where the components of each gateway answer: what is no place, and what two of them have. Who may not be loaded is left to the gateway. */
export function checkMounts(modules: ReadonlyMap<string, Evaluated>, relations: Relations, findings: Findings): void {
  const taken = new Map<string, Evaluated>();
  for (const module of modules.values()) {
    const { name, key, entry, service } = module;
    if (entry === null || entry.kind !== 'code' || service === null || module.disabled) continue;
    const gateway = relations.target(service);
    if ((gateway?.entry?.spec as Partial<CodeSpec> | undefined)?.module !== 'builtin:gateway' || gateway === undefined) continue;
    const { config, onlyIf, provides } = entry.spec as CodeSpec;
    if (entry.secrets.some(([first, second]) => first === 'config' && second === 'mount')) continue;
    const { mounts, problems } = judgeMounts(name, gateway.name, config);
    for (const { message } of problems) findings.error(key, 'badValue', `${name}: ${message}`);
    if (onlyIf !== undefined || provides.length > 0) continue;
    for (const mount of new Set(mounts)) {
      const at = JSON.stringify([gateway.name, mount]);
      const holder = taken.get(at) ?? module;
      taken.set(at, holder);
      if (holder === module) continue;
      const { file, line } = spanOf(holder.key);
      findings.error(
        key,
        'mountTaken',
        `${name} is mounted at "${mount}", as ${holder.name} is at ${file}:${line}`,
        'config.mount says another place',
      );
    }
  }
}
