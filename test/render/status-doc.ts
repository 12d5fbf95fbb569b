import type { StatusDoc } from '../../src/model/status-doc.ts';

/** A daemon with two running modules and nothing to do, changed as told. */
export function statusDoc(changes: Partial<StatusDoc> = {}): StatusDoc {
  return {
    formatVersion: '1.0',
    daemonId: 'd1',
    name: 'default',
    pid: 77,
    version: '0.1.0',
    node: 'v20.20.2',
    stateDir: '/var/lib/muster/default',
    startedAt: '2026-01-01T00:00:00.000Z',
    source: null,
    config: { files: ['/srv/muster.yaml'], digest: 'c', revision: null, valid: true, diagnostics: [] },
    generation: 2,
    serial: 5,
    synced: true,
    healthy: true,
    unhealthy: [],
    statuses: [],
    pending: { summary: null, guards: [] },
    counts: { I: 0, R: 2, F: 0, E: 0, B: 0 },
    lastReconcile: null,
    held: [],
    drift: [],
    paused: false,
    containment: 'cgroup',
    notify: [],
    conditions: [],
    ...changes,
  };
}
