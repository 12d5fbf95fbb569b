import { type EngineContext, policyOf } from './context.ts';
import { driftPlan, dryRun } from './reconcile.ts';

export interface IntervalPorts {
  /** Undoes drift: a run to the generation in force. */
  heal(): Promise<void>;
  /** A run over the whole config. */
  reconcile(): Promise<void>;
}

/** What `policy.interval` asks for, each time it has passed; to be called often, and costs nothing while nothing is due. */
export function createInterval(context: EngineContext, { heal, reconcile }: IntervalPorts): () => Promise<void> {
  const { clock, instances, sources } = context.ports;
  let lastLook = clock.now();
  return async () => {
    const { interval, selfHeal, watch } = policyOf(context);
    const now = clock.now();
    // The clock was put back: what is to come would else not come for as long.
    if (now < lastLook) lastLook = now;
    if (interval === 0 || now - lastLook < interval) return;
    lastLook = now;
    const drifted = lookForDrift(context);
    if (selfHeal && (drifted || instances.views().some((view) => view.failed))) await heal();
    if (watch !== 'off' && sources.hasPrograms?.() === true) await lookForRotation(context, watch === 'apply' ? reconcile : null);
  };
}

/** Says so if something differs from the generation in force. */
function lookForDrift(context: EngineContext): boolean {
  const { changes } = driftPlan(context);
  if (changes.length === 0) return false;
  context.events.emit({ type: 'drift', message: `${changes.length} modules differ from generation ${context.generation?.number ?? 0}` });
  return true;
}

/** No file tells that a program gives another secret now. Other edits are left to whom they are left to. */
async function lookForRotation(context: EngineContext, reconcile: (() => Promise<void>) | null): Promise<void> {
  const { changes, applyable, summary } = await dryRun({ reason: null, request: {} }, context);
  const rotated = changes.some(({ fields }) => fields.some(({ sensitive }) => sensitive === true));
  if (!rotated || !applyable) return;
  if (reconcile !== null) await reconcile();
  else context.events.emit({ type: 'config', message: 'a secret has changed; muster reload applies it', fields: { summary } });
}
