import type { ModuleView } from '../../src/model/documents.ts';

/** 2026-01-01T00:10:00Z, the now of these tests. */
export const now = Date.parse('2026-01-01T00:10:00Z');

/** A running thread, changed as told. */
export function moduleView(changes: Partial<ModuleView> = {}): ModuleView {
  return {
    name: 'greeter',
    kind: 'code',
    isolation: 'thread',
    state: 'R',
    failed: false,
    finished: false,
    size: 412,
    digest: '0123456789abcdef0123456789abcdef01234567',
    codeDigest: 'c0de',
    stale: false,
    idle: 7,
    queued: 0,
    services: [],
    service: null,
    host: null,
    path: '/srv/modules/greeter.ts',
    pid: 4242,
    threadId: 3,
    restarts: 0,
    origin: 'config',
    generation: 2,
    since: '2026-01-01T00:07:00.000Z',
    startedAt: '2026-01-01T00:07:00.000Z',
    status: { level: 'core', message: '', since: '2026-01-01T00:07:00.000Z' },
    healthy: true,
    lastExit: null,
    held: null,
    containment: 'processGroup',
    requires: [],
    requiredBy: [],
    waitingFor: [],
    declaredAt: { file: '/srv/muster.yaml', line: 8, column: 3 },
    ...changes,
  };
}
