import { judgeAddresses } from '../builtin/settings/judge.ts';
import { type Address, addressText, overlap } from '../model/address.ts';
import type { CodeSpec } from '../model/fields/table.ts';
import type { Evaluated } from './entry.ts';
import type { Findings } from './findings.ts';
import { spanOf } from './node.ts';

/** Where modules that come with muster listen: two of them cannot at one address. Who may not be loaded is left to the start. */
export function checkAddresses(modules: ReadonlyMap<string, Evaluated>, findings: Findings): void {
  const taken: { readonly at: Address; readonly holder: Evaluated }[] = [];
  for (const module of modules.values()) {
    const { name, key, entry, disabled } = module;
    if (entry === null || entry.kind !== 'code' || disabled) continue;
    const { module: path, config, onlyIf, provides } = entry.spec as CodeSpec;
    if (onlyIf !== undefined || provides.length > 0 || entry.secrets.some(([first, second]) => first === 'config' && second === 'listen'))
      continue;
    for (const at of judgeAddresses(path, config)) {
      const other = taken.find((one) => one.holder !== module && overlap(one.at, at));
      taken.push({ at, holder: module });
      if (other === undefined) continue;
      const { file, line } = spanOf(other.holder.key);
      const where = `${other.holder.name} does at ${file}:${line}`;
      findings.error(key, 'addressTaken', `${name} listens on ${addressText(at)}, as ${where}`, 'config.listen says another address');
    }
  }
}
