import type { Containment } from '../model/documents.ts';
import { MusterError } from '../model/error.ts';
import { guardText } from '../model/guard-text.ts';
import type { KeeperTrouble } from '../model/keeper.ts';
import type { State } from '../model/module.ts';
import type { ReceiverDoc } from '../model/notify.ts';
import { formatVersion, type Plan } from '../model/plan.ts';
import type { StatusDoc } from '../model/status-doc.ts';
import { agreementOf } from './agreement.ts';
import { conditionsOf, type LogTrouble } from './conditions.ts';
import { type EngineContext, holdsNow, isPaused } from './context.ts';
import { standIn } from './generations.ts';
import { type Unhealthy, unhealthy } from './health.ts';
import { holdDoc } from './holds.ts';
import { factsNow } from './lookout.ts';
import { driftNow, dryRun } from './reconcile.ts';

/** What the daemon knows of itself beside the engine. */
export interface Identity {
  name: string;
  pid: number;
  version: string;
  node: string;
  stateDir: string;
  /** The best that there is here for modules. */
  containment: Containment;
}

/** What is going on beside the engine. */
export interface Beside {
  /** What asked for the run that is in progress; null: there is none. */
  current(): string | null;
  logTroubles(): readonly LogTrouble[];
  /** Those that are told of what happens. */
  receivers(): readonly ReceiverDoc[];
  keeperTrouble(): KeeperTrouble | null;
}

export interface StatusReporter {
  /** Reads the files again: what it says is true now. */
  status(): Promise<StatusDoc>;
  /** What is missing for these to hold. */
  failing(wanted: readonly ('synced' | 'healthy')[]): Promise<Unhealthy[]>;
}

export function createStatus(identity: Identity, context: EngineContext, beside: Beside): StatusReporter {
  return {
    async status() {
      const pending = await pendingPlan(context);
      await context.ports.store.lookForRoom();
      const { ports, outcome } = context;
      const sick = unhealthy(context);
      const drift = driftNow(context);
      const receivers = [...beside.receivers()];
      const agreement = agreementOf(pending);
      context.agreement = agreement;
      const known = factsNow(context, beside.current(), sick, agreement);
      const facts = { ...known, drift, logs: beside.logTroubles(), receivers, keeper: beside.keeperTrouble() };
      const held = holdsNow(context).map(holdDoc);
      const ofConfig = outcome === null ? [] : outcome.ok ? outcome.wanted.config.warnings : outcome.diagnostics;
      const diagnostics = [...ofConfig, ...standIn(context)];
      return {
        formatVersion,
        daemonId: ports.store.state.daemonId,
        ...identity,
        startedAt: new Date(context.startedAt).toISOString(),
        source: ports.sources.source(),
        config: {
          files: outcome === null ? [] : outcome.ok ? outcome.wanted.config.files.map((file) => file.path) : [...outcome.files],
          digest: outcome?.ok === true ? outcome.wanted.config.digest : null,
          revision: outcome === null ? null : ((outcome.ok ? outcome.wanted.config.revision : outcome.revision) ?? null),
          valid: outcome?.ok === true,
          diagnostics,
        },
        generation: ports.store.state.generation,
        serial: ports.store.state.serial,
        synced: agreement.synced,
        healthy: sick.length === 0,
        unhealthy: sick,
        statuses: notable(context),
        pending: {
          summary: pending?.summary ?? null,
          guards: pending === null ? [] : pending.guards.filter((guard) => !guard.ok).map((guard) => guardText(guard)),
        },
        counts: counts(context),
        lastReconcile: context.lastReconcile,
        held,
        drift,
        paused: isPaused(context),
        notify: receivers,
        conditions: context.transitions.observe(conditionsOf(facts), ports.clock.now()),
      };
    },
    async failing(wanted) {
      const found: Unhealthy[] = [];
      if (wanted.includes('synced')) {
        const { synced, message } = agreementOf(await pendingPlan(context));
        const busy = beside.current();
        if (!synced) found.push({ name: 'synced', reason: message });
        else if (busy !== null) found.push({ name: 'synced', reason: `a run asked for by ${busy} is in progress` });
      }
      if (wanted.includes('healthy')) found.push(...unhealthy(context));
      return found;
    },
  };
}

/** The plan from the files as they are now; null if they do not hold. */
async function pendingPlan(context: EngineContext): Promise<Plan | null> {
  try {
    return await dryRun({ reason: null, request: {} }, context);
  } catch (error) {
    if (error instanceof MusterError) return null;
    throw error;
  }
}

function notable({ ports }: EngineContext): StatusDoc['statuses'] {
  const views = ports.instances.views().filter(({ status }) => status.level === 'warn' || status.level === 'error');
  return views.map(({ name, status }) => ({ name, ...status }));
}

function counts({ ports }: EngineContext): Record<State, number> {
  const total: Record<State, number> = { I: 0, R: 0, F: 0, E: 0, B: 0 };
  for (const loaded of ports.instances.snapshot().values()) total[loaded.state] += 1;
  return total;
}
