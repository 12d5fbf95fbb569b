import type { Containment } from '../model/documents.ts';
import { MusterError } from '../model/error.ts';
import { guardText } from '../model/guard-text.ts';
import type { State } from '../model/module.ts';
import { formatVersion, type Plan } from '../model/plan.ts';
import type { Condition, StatusDoc } from '../model/status-doc.ts';
import { type EngineContext, holdsNow, isPaused } from './context.ts';
import { type Unhealthy, unhealthy } from './health.ts';
import { holdDoc } from './holds.ts';
import { driftPlan, dryRun } from './reconcile.ts';

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

/** A log whose disk takes nothing: its module runs on, and what it writes is dropped. */
export interface LogTrouble {
  readonly name: string;
  readonly error: string;
  /** Bytes so far. */
  readonly dropped: number;
}

/** What is going on beside the engine. */
export interface Beside {
  /** What asked for the run that is in progress; null: there is none. */
  current(): string | null;
  logTroubles(): readonly LogTrouble[];
}

export interface StatusReporter {
  /** Reads the files again: what it says is true now. */
  status(): Promise<StatusDoc>;
  /** What is missing for these to hold. */
  failing(wanted: readonly ('synced' | 'healthy')[]): Promise<Unhealthy[]>;
}

export function createStatus(identity: Identity, context: EngineContext, beside: Beside): StatusReporter {
  const since = new Map<string, { status: boolean; at: string }>();

  /** One that nobody has looked at before and that is as it should be has been so from the start, for all that is known. */
  const dated = ({ at = now(context), ...condition }: Undated): Condition => {
    const { type, status } = condition;
    const known = since.get(type) ?? { status: isNormal(condition), at: new Date(context.startedAt).toISOString() };
    const entry = known.status === status ? known : { status, at };
    since.set(type, entry);
    return { ...condition, since: entry.at };
  };

  return {
    async status() {
      const pending = await pendingPlan(context);
      await context.ports.store.lookForRoom();
      const { ports, outcome, generation } = context;
      const sick = unhealthy(context);
      const drift =
        generation === null ? [] : driftPlan(context).changes.map((change) => ({ name: change.name, text: driftText(change.action) }));
      const held = holdsNow(context).map(holdDoc);
      const diagnostics = outcome === null ? [] : [...(outcome.ok ? outcome.wanted.config.warnings : outcome.diagnostics)];
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
        synced: isSynced(pending),
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
        conditions: conditions(context, pending, sick, drift.length, held.length, beside.logTroubles()).map(dated),
      };
    },
    async failing(wanted) {
      const found: Unhealthy[] = [];
      if (wanted.includes('synced')) {
        const pending = await pendingPlan(context);
        const busy = beside.current();
        if (!isSynced(pending)) found.push({ name: 'synced', reason: pending === null ? 'the config is invalid' : 'changes are pending' });
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

function isSynced(pending: Plan | null): boolean {
  return pending !== null && pending.changes.length === 0 && pending.outcome !== 'error';
}

/** `at`: when it came to be so, where that is known. */
interface Undated extends Omit<Condition, 'since'> {
  readonly at?: string;
}

function isNormal({ type }: Pick<Condition, 'type'>): boolean {
  return type !== 'Drifted' && type !== 'Held';
}

function conditions(
  context: EngineContext,
  pending: Plan | null,
  sick: readonly Unhealthy[],
  drifted: number,
  held: number,
  troubles: readonly LogTrouble[],
): Undated[] {
  const { outcome } = context;
  const { failure } = context.ports.store;
  const bad = outcome?.ok === false ? outcome.diagnostics.find((diagnostic) => diagnostic.severity === 'error') : undefined;
  const ready =
    outcome?.ok === false
      ? { status: false, reason: 'configInvalid', message: bad === undefined ? '' : `${bad.file}:${bad.line}:${bad.column} ${bad.message}` }
      : sick.length > 0
        ? {
            status: false,
            reason: 'unhealthy',
            message: sick.map((item) => `${item.name}: ${item.reason}`).join('; '),
            at: firstSick(context, sick),
          }
        : { status: true, reason: 'running', message: '' };
  const synced = isSynced(pending);
  return [
    { type: 'Ready', ...ready },
    { type: 'Synced', status: synced, reason: synced ? 'synced' : pending === null ? 'configInvalid' : 'changesPending', message: '' },
    { type: 'Recording', status: failure === null, reason: failure?.code ?? 'written', message: failure?.message ?? '' },
    logging(troubles),
    { type: 'Drifted', status: drifted > 0, reason: drifted > 0 ? 'drifted' : 'none', message: '' },
    { type: 'Held', status: held > 0, reason: held > 0 ? 'held' : 'none', message: '' },
  ];
}

function logging(troubles: readonly LogTrouble[]): Undated {
  const message = troubles.map(({ name, error, dropped }) => `output of ${name} is dropped (${dropped} bytes so far): ${error}`).join('; ');
  return { type: 'Logging', status: troubles.length === 0, reason: troubles.length === 0 ? 'written' : 'outputDropped', message };
}

/** When the first of those that are not healthy came to be so. */
function firstSick({ ports }: EngineContext, sick: readonly Unhealthy[]): string {
  const names = new Set(sick.map(({ name }) => name));
  const views = ports.instances.views().filter(({ name }) => names.has(name));
  const times = views.map(({ state, since, status }) => (state === 'R' ? status.since : since));
  return times.sort()[0] ?? now({ ports });
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

function driftText(action: string): string {
  return action === 'load' ? 'not loaded' : action === 'remove' ? 'loaded but not declared' : 'differs from the generation in force';
}

function now({ ports }: Pick<EngineContext, 'ports'>): string {
  return new Date(ports.clock.now()).toISOString();
}
