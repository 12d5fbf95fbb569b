import type { MetricsDoc, ModuleMetrics } from '../../model/metrics.ts';
import { formatVersion } from '../../model/plan.ts';
import type { StatusDoc } from '../../model/status-doc.ts';
import { letterOf } from './module-families.ts';

/** Why the daemon is not synced and healthy, a line each; empty if it is. */
export function notReady({ synced, config, pending, unhealthy, conditions }: StatusDoc): string[] {
  const bad = conditions.find(({ type, status, reason }) => type === 'Ready' && !status && reason === 'configInvalid');
  const changes = Object.entries(pending.summary ?? {}).filter(([action, count]) => count > 0 && !silent.includes(action));
  const why = changes.map(([action, count]) => `${count} to ${action}`).join(', ');
  return [
    ...(config.valid ? [] : [`the config is invalid${bad === undefined ? '' : `: ${bad.message}`}`]),
    ...(synced || !config.valid ? [] : [`not synced${why === '' ? '' : `: ${why}`}`]),
    ...unhealthy.map(({ name, reason }) => `${name} is not healthy: ${reason}`),
  ];
}

const silent = ['unchanged', 'held', 'unmanaged'];

/** How every module is, by host; what belongs to none stands by itself. */
export function statusByHost(status: StatusDoc, { at, modules }: MetricsDoc): Record<string, unknown> {
  const { daemonId, name, version, startedAt, synced, healthy, unhealthy, generation, serial, config, conditions, lastReconcile } = status;
  const hosts = [...new Set(modules.flatMap(({ host }) => host ?? []))].sort();
  const of = (host: string | null) =>
    Object.fromEntries(modules.filter((module) => module.host === host).map((module) => [module.name, briefly(module)]));
  return {
    formatVersion,
    at,
    daemon: { daemonId, name, version, startedAt },
    synced,
    healthy,
    unhealthy,
    generation,
    serial,
    config: { valid: config.valid },
    lastReconcile: lastReconcile && { at: lastReconcile.at, outcome: lastReconcile.outcome, exitCode: lastReconcile.exitCode },
    conditions,
    hosts: Object.fromEntries(hosts.map((host) => [host, of(host)])),
    modules: of(null),
  };
}

function briefly(module: ModuleMetrics): Record<string, unknown> {
  const { kind, since, startedAt, healthy, held, restarts, status } = module;
  return { state: letterOf(module), kind, since, startedAt, healthy, held, restarts, status };
}
