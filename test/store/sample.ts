import type { LoadedRecord } from '../../src/model/module.ts';
import { defaultPolicy } from '../../src/model/policy.ts';
import type { Generation } from '../../src/store/records.ts';

export function loadedRecord(name: string, more: Partial<LoadedRecord> = {}): LoadedRecord {
  return {
    name,
    kind: 'command',
    spec: { command: ['sleep', '1000'] } as unknown as LoadedRecord['spec'],
    specDigest: 'a'.repeat(64),
    codeDigest: null,
    path: 'sleep',
    source: null,
    origin: 'config',
    generation: 1,
    ...more,
  };
}

export function generation(number: number, names: readonly string[] = []): Generation {
  return {
    number,
    at: new Date(number * 1000).toISOString(),
    trigger: 'reload',
    reason: null,
    planId: `plan-${number}`,
    configDigest: 'c'.repeat(64),
    files: [{ path: '/etc/muster/muster.yaml', sha256: 'f'.repeat(64) }],
    modules: names.map((name) => loadedRecord(name)),
    policy: defaultPolicy,
  };
}
