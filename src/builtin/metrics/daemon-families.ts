import type { Diagnostic } from '../../model/diagnostic.ts';
import type { MetricsDoc } from '../../model/metrics.ts';
import type { ResultOutcome, Summary } from '../../model/plan.ts';
import type { StatusDoc } from '../../model/status-doc.ts';
import type { Family, Labels, Sample } from './exposition.ts';
import { letterOf, seconds } from './module-families.ts';
import type { ProcessFigures } from './processes.ts';
import type { Everything } from './source.ts';

/** Of a run; `changes` is what only a dry run comes to. */
const outcomes: readonly Exclude<ResultOutcome, 'changes'>[] = ['noChanges', 'applied', 'refused', 'failed', 'error'];
const actions: readonly (keyof Summary)[] = ['load', 'adopt', 'rename', 'reconfigure', 'reload', 'remove'];

/** What is true of the daemon and of all modules together. */
export function daemonFamilies({ status, figures, processes: { daemon, runners } }: Everything): Family[] {
  const { lastReconcile: last, pending } = status;
  return [
    info('muster_build', 'Which muster this is.', { version: status.version, node: status.node, daemon: status.name }),
    gauge('muster_config_valid', 'Whether the config files hold.', Number(status.config.valid)),
    configInvalid(status),
    gauge('muster_synced', 'Whether the plan from the current files is empty.', Number(status.synced)),
    gauge('muster_healthy', 'Whether all modules are healthy.', Number(status.healthy)),
    gauge('muster_unhealthy_modules', 'Modules that are not healthy.', status.unhealthy.length),
    gauge('muster_generation', 'The generation in force.', status.generation),
    gauge('muster_serial', 'Counts changes of the loaded set.', status.serial),
    gauge('muster_paused', 'Whether automatic runs are paused.', Number(status.paused)),
    gauge('muster_holds', 'Holds in force; one on everything is one.', status.held.length),
    gauge('muster_drifted_modules', 'Modules that differ from the generation in force.', status.drift.length),
    many(
      'muster_condition',
      'Conditions of the daemon, as muster status has them.',
      status.conditions.map((one) => [{ type: one.type }, Number(one.status)]),
    ),
    ...(status.source?.fetchedAt == null
      ? []
      : [
          gauge(
            'muster_source_fetched_timestamp_seconds',
            'When the repository of the config last answered.',
            seconds(status.source.fetchedAt),
          ),
        ]),
    gauge(
      'muster_notifications_waiting',
      'Notifications that their receiver has not taken yet.',
      sum(status.notify.map(({ waiting }) => waiting)),
    ),
    {
      ...gauge('muster_notifications_dropped', 'Notifications that were given up.', sum(status.notify.map(({ dropped }) => dropped))),
      type: 'counter',
    },
    many(
      'muster_pending_changes',
      'What a reload would do, by action.',
      actions.map((action) => [{ action }, pending.summary?.[action] ?? 0]),
    ),
    many('muster_modules', 'Loaded modules, by state.', counts(figures)),
    ...(last === null
      ? []
      : [
          gauge('muster_last_reconcile_timestamp_seconds', 'When the last run over the whole config began.', seconds(last.at)),
          gauge('muster_last_reconcile_exit_code', 'Exit code of the last run.', last.exitCode),
          many(
            'muster_last_reconcile_outcome',
            '1 for the outcome of the last run.',
            outcomes.map((outcome) => [{ outcome }, Number(outcome === last.outcome)]),
          ),
        ]),
    {
      ...many(
        'muster_reconciles',
        'Runs over the whole config, by outcome.',
        outcomes.map((outcome) => [{ outcome }, figures.reconciles[outcome] ?? 0]),
      ),
      type: 'counter',
    },
    took('muster_module_start_duration_seconds', 'How long starts took, from launch to running.', figures.starts),
    took('muster_module_reload_duration_seconds', 'How long it took to put a new instance in the place of another.', figures.reloads),
    gauge('muster_daemon_start_time_seconds', 'When the daemon began.', seconds(status.startedAt)),
    ...processes('muster_daemon', 'the daemon', daemon === null ? [] : [[{}, daemon]]),
    ...processes(
      'muster_runner',
      'a runner, in which threads of modules live',
      runners.map((runner) => [{ pid: String(runner.pid) }, runner]),
    ),
    many(
      'muster_runner_modules',
      'Modules in a runner.',
      runners.map(({ pid, modules }) => [{ pid: String(pid) }, modules]),
    ),
  ];
}

/** The first error, while there is one. */
function configInvalid({ config: { valid, diagnostics } }: StatusDoc): Family {
  const first = valid ? undefined : diagnostics.find(({ severity }) => severity === 'error');
  const samples = first === undefined ? [] : [{ labels: placeOf(first), value: 1 }];
  return { name: 'muster_config_invalid', type: 'info', help: 'Where the config files do not hold, while they do not.', samples };
}

function placeOf({ code, file, line, column }: Diagnostic): Labels {
  return { reason: 'configInvalid', code, file, line: String(line), column: String(column) };
}

function counts({ modules }: MetricsDoc): [Labels, number][] {
  const found = new Map<string, number>(['I', 'R', 'F', 'E', 'B', 'X'].map((state) => [state, 0]));
  for (const module of modules) found.set(letterOf(module), (found.get(letterOf(module)) ?? 0) + 1);
  return [...found].map(([state, count]) => [{ state }, count]);
}

function processes(name: string, whose: string, all: readonly (readonly [Labels, ProcessFigures])[]): Family[] {
  return [
    {
      ...many(
        `${name}_cpu_seconds`,
        `Processor time of ${whose}.`,
        all.map(([labels, { cpuSeconds }]) => [labels, cpuSeconds]),
      ),
      type: 'counter',
    },
    many(
      `${name}_memory_bytes`,
      `Resident memory of ${whose}.`,
      all.map(([labels, { memoryBytes }]) => [labels, memoryBytes]),
    ),
  ];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}

function took(name: string, help: string, all: MetricsDoc['starts']): Family {
  return { name, type: 'histogram', help, samples: all.map(({ kind, outcome, seconds: value }) => ({ labels: { kind, outcome }, value })) };
}

function info(name: string, help: string, labels: Labels): Family {
  return { name, type: 'info', help, samples: [{ labels, value: 1 }] };
}

function gauge(name: string, help: string, value: number): Family {
  return many(name, help, [[{}, value]]);
}

function many(name: string, help: string, values: readonly (readonly [Labels, number])[]): Family {
  const samples = values.map(([labels, value]): Sample => ({ labels, value }));
  return { name, type: 'gauge', help, samples };
}
