import type { Diagnostic } from '../model/diagnostic.ts';
import type { FieldChange, Plan } from '../model/plan.ts';
import { planChecksum } from './checksum.ts';

/**
 * The values of secrets may stand where none is declared, as in an argument: there they are not shown either. `masked` gives
 * data without them, the same object where none is in it.
 */
export function maskedPlan(plan: Plan, masked: (data: unknown) => unknown): Plan {
  const told: Told = { fields: plan.changes.map(({ fields }) => fields), diagnostics: plan.diagnostics };
  const shown = masked(told) as Told;
  if (shown === told) return plan;
  const changes = plan.changes.map((change, index) => ({ ...change, fields: shown.fields[index] ?? [] }));
  const whole = { ...plan, changes, diagnostics: shown.diagnostics };
  return { ...whole, checksum: planChecksum(whole) };
}

interface Told {
  readonly fields: FieldChange[][];
  readonly diagnostics: Diagnostic[];
}
