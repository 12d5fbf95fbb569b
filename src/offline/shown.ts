import { randomBytes } from 'node:crypto';
import type { ConfigSet } from '../model/config-set.ts';
import { maskedDocument } from '../model/mask/json.ts';
import { createMask } from '../model/mask/mask.ts';
import type { Plan } from '../model/plan.ts';
import { maskedPlan } from '../plan/masked-plan.ts';
import { createSecrets } from '../resolve/secrets.ts';
import type { At } from './surroundings.ts';

/** The plan without these values, wherever they stand in it. */
export function shown(plan: Plan, secrets: readonly string[]): Plan {
  const mask = createMask(() => secrets);
  return maskedPlan(plan, (data) => maskedDocument(data, mask));
}

/** The values of a config's secrets as far as they are at hand where it is only reviewed. No program is run for one. */
export async function secretsIn({ modules }: ConfigSet, { env }: At): Promise<readonly string[]> {
  const secrets = createSecrets({ key: randomBytes(32), env, program: null });
  const read = secrets.pass();
  for (const { entry } of modules.values()) {
    for (const path of entry.secrets) {
      const reference = path.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], entry.spec);
      const { secret } = (reference ?? {}) as { secret?: unknown };
      if (typeof secret === 'string') await read(secret).catch(() => {});
    }
  }
  return secrets.known();
}
