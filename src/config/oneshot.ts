import type { Findings } from './findings.ts';
import type { Dict, Located } from './node.ts';

interface Given {
  readonly name: string;
  /** The entry itself, without defaults. */
  readonly own: Dict;
  readonly raw: Readonly<Record<string, unknown>>;
  readonly findings: Findings;
}

/** Of one that ends: what tells whether it runs, or what to do while it does. */
const forRunning = ['ready', 'health', 'reloadSignal'];

/**
 * The fields of a oneshot, as its schema is to see them: it is not restarted unless it says so. Only what the entry says
 * itself is refused; defaults are taken where they make sense.
 */
export function settleOneshot({ name, own, raw, findings }: Given): Record<string, unknown> {
  if (raw.oneshot !== true && raw.oneshot !== 'true') return { ...raw };
  const settled = { ...raw };
  for (const field of forRunning) {
    delete settled[field];
    const at = own.fields.get(field)?.key;
    if (at === undefined || raw[field] == null) continue;
    findings.error(at, 'misplacedField', `${field} is for programs that run on; ${name} is done when it ends`, 'remove it, or oneshot');
  }
  if (raw.restart === undefined || raw.restart === null) return { ...settled, restart: { policy: 'never' } };
  if (typeof raw.restart !== 'object' || Array.isArray(raw.restart)) return settled;
  const restart = raw.restart as Readonly<Record<string, unknown>>;
  const at = policyAt(own);
  if (restart.policy !== 'always') return { ...settled, restart: { policy: 'never', ...restart } };
  if (at === undefined) return { ...settled, restart: { ...restart, policy: 'never' } };
  findings.error(at, 'misplacedField', `${name} is done once it has ended: it cannot always be restarted`, 'say onFailure or never');
  return settled;
}

/** Where the entry itself says the policy. */
function policyAt(own: Dict): Located | undefined {
  const restart = own.fields.get('restart')?.value;
  return restart?.kind === 'dict' ? restart.fields.get('policy')?.value : undefined;
}
