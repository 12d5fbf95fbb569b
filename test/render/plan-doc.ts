import type { Change, ChangeResult, Plan, Result } from '../../src/model/plan.ts';

const change: Change = {
  name: 'web',
  kind: 'command',
  isolation: null,
  action: 'reload',
  reason: { code: 'changed', text: 'args changed' },
  source: { file: '/srv/muster.yaml', line: 4, column: 3 },
  fields: [{ path: 'args[0]', before: 'a', after: 'b', live: false }],
  codeDigest: null,
  after: [],
};

const common = {
  formatVersion: '1.0',
  id: 'p1',
  createdAt: '2026-01-01T00:00:00.000Z',
  target: { daemonId: 'd1', host: 'web1', serial: 4, generation: 2 },
  config: { digest: 'c', files: [{ path: '/srv/muster.yaml', sha256: 'f' }] },
  summary: { load: 0, remove: 0, reload: 1, reconfigure: 0, rename: 0, adopt: 0, unchanged: 2, held: 0, unmanaged: 0 },
  held: [],
  unmanaged: [],
  skipped: [],
  drift: [],
  guards: [],
  diagnostics: [],
  complete: true,
  applyable: true,
  exitCode: 0,
  checksum: 'x',
};

/** One reload that waits to be done, changed as told. */
export function planDoc(changes: Partial<Plan> = {}): Plan {
  return { ...common, kind: 'Plan', dryRun: true, changes: [change], outcome: 'changes', ...changes };
}

/** One reload that was done, changed as told. */
export function resultDoc(changes: Partial<Result> = {}): Result {
  const done: ChangeResult = { ...change, status: 'ok', durationMs: 12, error: null };
  const times = { planId: 'p1', startedAt: common.createdAt, finishedAt: common.createdAt };
  return { ...common, ...times, kind: 'Result', dryRun: false, changes: [done], outcome: 'applied', ...changes };
}
