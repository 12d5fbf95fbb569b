import { expect, test } from 'vitest';
import { daemonFamilies } from '../../src/builtin/metrics/daemon-families.ts';
import { moduleFamilies } from '../../src/builtin/metrics/module-families.ts';
import { metricsReference } from '../../src/docs/metrics-reference.ts';
import { Histogram } from '../../src/model/histogram.ts';
import type { MetricsDoc, ModuleMetrics } from '../../src/model/metrics.ts';
import { moduleView } from '../render/module-view.ts';
import { statusDoc } from '../render/status-doc.ts';
import { expectGenerated, textOf } from './page.ts';

const at = '2026-01-01T00:00:00.000Z';
const counts = { request: 1, response: 2, event: 3, control: 4 };
const process = { cpuSeconds: 1, memoryBytes: 2 };
const cgroup = { memoryBytes: 1, cpuSeconds: 2, throttledSeconds: 3, processes: 4 };

/** One with every figure that there can be. */
const module: ModuleMetrics = {
  ...moduleView(),
  held: false,
  tx: counts,
  rx: counts,
  dropped: 0,
  outputBytes: 1,
  monitors: { Load: { value: '12.5%', unit: '%' }, Text: { value: 'none' } },
  cgroup: '/sys/fs/cgroup/muster/web',
};
const took = [{ kind: 'code', outcome: 'ok', seconds: new Histogram().read() }] as const;
const figures: MetricsDoc = {
  formatVersion: '1.0',
  at,
  starts: took,
  reloads: took,
  reconciles: {},
  modules: [module],
};
const lastReconcile = { at, trigger: 'sighup', outcome: 'applied', exitCode: 0, planId: 'p', changes: [], diagnostics: [] };
const conditions = [{ type: 'Ready', status: true, reason: 'running', message: '', since: at }];
const processes = {
  daemon: process,
  runners: [{ pid: 1, modules: 2, ...process }],
  own: new Map([[module.name, process]]),
  cgroups: new Map([[module.name, cgroup]]),
};
const place = { file: '/srv/muster.yaml', line: 1, column: 1, endLine: 1, endColumn: 2 };
const config = {
  files: [],
  digest: null,
  revision: null,
  valid: false,
  diagnostics: [{ severity: 'error', code: 'syntax', message: '', ...place } as const],
};
const everything = { status: statusDoc({ lastReconcile, conditions, config }), figures, processes };
const families = [...daemonFamilies(everything), ...moduleFamilies(everything)];

test('of what a package shows of itself the numbers are gauges', () => {
  const { samples } = families.find(({ name }) => name === 'muster_module_monitor') ?? {};
  expect(samples).toMatchObject([{ labels: { module: module.name, monitor: 'Load', unit: '%' }, value: 12.5 }]);
});

test('the page on metrics lists every metric with its labels', () => {
  expect(families.filter(({ samples }) => samples.length === 0)).toEqual([]);
  expectGenerated('metrics', 'metrics', metricsReference(families));
});

test('the rules on the page ask for metrics that there are', () => {
  const rules = textOf('metrics').split('muster.rules.yml')[1] ?? '';
  const asked = [...rules.matchAll(/\bmuster_\w+/g)].map(([name]) => name);
  expect(asked.length).toBeGreaterThan(2);
  const table = metricsReference(families);
  for (const name of asked) expect(table).toContain(`\`${name}\``);
});
