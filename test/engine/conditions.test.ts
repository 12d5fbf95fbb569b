import { expect, test } from 'vitest';
import { conditionsOf, createTransitions, type Facts, type Undated } from '../../src/engine/conditions.ts';
import type { ReceiverDoc } from '../../src/model/notify.ts';
import type { SourceDoc, SourceProblem } from '../../src/model/source.ts';

const well: Facts = {
  ...{ outcome: null, unhealthy: [], sickSince: '', failed: [], agreement: { synced: true, message: '' }, current: null },
  ...{ lastReconcile: null, held: [], paused: null, source: null, recording: null, auditing: null },
};
const source: SourceDoc = {
  ...{ kind: 'git', url: 'https://x/y', ref: 'main', path: 'muster.yaml', revision: 'abc', subject: null, author: null, signer: null },
  ...{ fetchedAt: '2030-01-01T00:00:00.000Z', since: null, problem: null },
};
const problem = (code: SourceProblem): SourceDoc => ({
  ...source,
  problem: { code, message: `it is ${code}`, since: '2030-01-01T01:00:00.000Z', revision: 'def' },
});
const receiver: ReceiverDoc = { to: 'http://a', on: [], waiting: 0, dropped: 0, deliveredAt: null, failure: null };

function only(type: string, facts: Partial<Facts>): Undated | undefined {
  return conditionsOf({ ...well, ...facts }).find((condition) => condition.type === type);
}

test('of a source it is told whether what it has is used, since when it is not, and who has to do something about it', () => {
  expect(only('SourceVerified', {})).toBeUndefined();
  expect(only('SourceVerified', { source })).toMatchObject({ status: true, reason: 'fetched' });
  expect(only('SourceVerified', { source: { ...source, signer: 'alice' } })).toMatchObject({ status: true, reason: 'signed' });
  const at = '2030-01-01T01:00:00.000Z';
  const message = 'it is unreachable; it last answered at 2030-01-01T00:00:00.000Z';
  expect(only('SourceVerified', { source: problem('unreachable') })).toMatchObject({ status: false, reason: 'unreachable', message, at });
  expect(only('Stalled', { source: problem('unreachable') })).toMatchObject({ status: false });
  for (const code of ['badRef', 'badPath', 'unsigned', 'untrusted', 'rewound', 'refused'] as const) {
    expect(only('Stalled', { source: problem(code) })).toMatchObject({ status: true, reason: code, message: `it is ${code}` });
  }
});

test('of receivers it is told who does not take what, since the first of them, and nothing where there are none', () => {
  expect(only('Notifying', { receivers: [] })).toBeUndefined();
  expect(only('Notifying', { receivers: [receiver] })).toMatchObject({ status: true });
  const failing = (to: string, since: string): ReceiverDoc => ({
    ...receiver,
    to,
    waiting: 2,
    failure: { message: 'down', since, attempts: 3 },
  });
  const receivers = [failing('http://b', '2030-01-01T02:00:00.000Z'), receiver, failing('http://c', '2030-01-01T01:00:00.000Z')];
  expect(only('Notifying', { receivers })).toMatchObject({
    status: false,
    message: 'http://b: down; 2 wait; http://c: down; 2 wait',
    at: '2030-01-01T01:00:00.000Z',
  });
});

test('of the keeper it is told that it does not answer, since when, and what to do where it is stopped', () => {
  expect(only('Keeping', {})).toBeUndefined();
  expect(only('Keeping', { keeper: null })).toMatchObject({ status: true, reason: 'answers' });
  const since = '2030-01-01T00:00:00.000Z';
  const stopped = only('Keeping', { keeper: { pid: 7, since, isStopped: true } });
  expect(stopped).toMatchObject({ status: false, reason: 'stopped', message: expect.stringContaining('kill -CONT 7'), at: since });
  const silent = only('Keeping', { keeper: { pid: 7, since, isStopped: false } });
  expect(silent).toMatchObject({ status: false, reason: 'silent', message: expect.stringContaining('(pid 7) does not answer') });
  expect(silent?.message).not.toContain('CONT');
});

test('since is the last change of the status: what is seen again keeps it, and so does another reason', () => {
  const transitions = createTransitions(0);
  const at = (now: number, status: boolean, reason = 'r', known?: string): string => {
    const undated = { type: 'Ready', status, reason, message: '', ...(known === undefined ? {} : { at: known }) };
    return transitions.observe([undated], now)[0]?.since ?? '';
  };
  const time = (ms: number): string => new Date(ms).toISOString();
  expect(at(1000, true)).toBe(time(0));
  expect(at(2000, false)).toBe(time(2000));
  expect(at(3000, false, 'other')).toBe(time(2000));
  expect(at(4000, true)).toBe(time(4000));
  expect(at(6000, false, 'r', time(5000))).toBe(time(5000));
  const next = createTransitions(9000);
  next.inherit(transitions.known());
  expect(next.observe([{ type: 'Ready', status: false, reason: 'r', message: '' }], 9500)[0]?.since).toBe(time(5000));
});

test('what is not as it should be when it is first seen is so from then on, else from the start', () => {
  const transitions = createTransitions(0);
  const seen = transitions.observe(conditionsOf({ ...well, current: 'reload', drift: [{ name: 'a', text: 'not loaded' }] }), 5000);
  const since = Object.fromEntries(seen.map((condition) => [condition.type, Date.parse(condition.since)]));
  expect(since).toMatchObject({ Ready: 0, Reconciling: 5000, Stalled: 0, Drifted: 5000, Held: 0, Paused: 0, Recording: 0 });
});

test('of a config that does not hold the place is told as the repository has it, with the commit', () => {
  const place = { file: 'hosts/web1.yaml', line: 5, column: 3, endLine: 5, endColumn: 4 };
  const invalid = (revision?: string): Partial<Facts> => {
    const bad = { severity: 'error' as const, code: 'yaml', message: 'broken', ...place, ...(revision === undefined ? {} : { revision }) };
    return { outcome: { ok: false, diagnostics: [{ ...bad, severity: 'warning' }, bad], files: [] } };
  };
  for (const type of ['Ready', 'Stalled']) {
    const message = 'hosts/web1.yaml:5:3 broken';
    expect(only(type, invalid())).toMatchObject({ reason: 'configInvalid', message });
    expect(only(type, invalid('0123456789abcdef'))).toMatchObject({ reason: 'configInvalid', message: `0123456789ab:${message}` });
  }
});
