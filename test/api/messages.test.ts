import { describe, expect, it } from 'vitest';
import type { ApiBus } from '../../src/api/call.ts';
import type { TraceRecord } from '../../src/model/documents.ts';
import { MusterError } from '../../src/model/error.ts';
import { asker, makeWorld } from './ports.ts';

const counts = { request: 1, response: 2, event: 3, control: 4 };

describe('muster.stats', () => {
  it('has those of all modules by name, but for what does not run', async () => {
    const { world, ask } = makeWorld([{ name: 'b' }, { name: 'a' }, { name: 'gone' }]);
    world.stats.set('a', { tx: counts, rx: counts });
    world.stats.set('b', { outputBytes: 12 });
    world.stats.set('gone', new MusterError('ENOSYS', 'gone does not run'));
    expect(await ask('stats')).toEqual({ modules: { a: { tx: counts, rx: counts }, b: { outputBytes: 12 } } });
    await expect(ask('stats', { name: 'gone' })).rejects.toMatchObject({ code: 'ENOSYS' });
  });

  it('shows what a module adds as JSON and without secrets', async () => {
    const { world, ask } = makeWorld([{ name: 'a' }]);
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    world.stats.set('a', { tx: counts, big: 10n, circle, login: { hunter22: ['is hunter22'] }, none: undefined });
    expect(await ask('stats', { name: 'a' })).toEqual({
      tx: counts,
      big: '10',
      circle: expect.stringMatching(/^\(no JSON: /),
      login: { '***': ['is ***'] },
      none: null,
    });
  });

  it('clears one or all, and tells resources of a module or of the daemon', async () => {
    const { world, ask } = makeWorld([{ name: 'b' }, { name: 'a' }]);
    expect(await ask('stats', { name: 'b', clear: true })).toEqual({});
    expect(await ask('stats', { clearAll: true })).toEqual({});
    expect(world.cleared).toEqual(['b', 'a', 'b']);
    expect(await ask('stats', { name: 'a', rusage: 'thread' })).toEqual({ utime: 1, stime: 2, maxrss: 3 });
    expect(await ask('stats', { rusage: 'self' })).toMatchObject({ utime: 7 });
    await expect(ask('stats', { rusage: 'bad' })).rejects.toMatchObject({ code: 'EINVAL' });
  });
});

describe('the name of a service', () => {
  it('stands for the module that has it', async () => {
    const { world, ask } = makeWorld([{ name: 'a' }, { name: 'store', services: ['shelf'] }]);
    world.stats.set('store', { tx: counts });
    expect(await ask('stats', { name: 'shelf' })).toEqual({ tx: counts });
    expect(await ask('stats', { name: 'shelf', rusage: 'self' })).toMatchObject({ utime: 1 });
    await ask('stats', { name: 'shelf', clear: true });
    expect(world.cleared).toEqual(['store']);
    await expect(ask('stats', { name: 'nosuch' })).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('muster.debug', () => {
  it('asks the module, and answers its flags', async () => {
    const asked: unknown[] = [];
    const request: ApiBus['request'] = async (topic, payload) => {
      asked.push([topic, payload]);
      return { flags: 0x10 };
    };
    const { ask } = makeWorld([{ name: 'tiny' }], { request });
    expect(await ask('debug', { name: 'tiny', op: 'setbit', flags: 16 })).toEqual({ flags: 16 });
    expect(await ask('debug', { name: 'tiny', op: 'clear' })).toEqual({ flags: 16 });
    expect(asked).toEqual([
      ['tiny.debug', { op: 'setbit', flags: 16 }],
      ['tiny.debug', { op: 'clear' }],
    ]);
    await expect(ask('debug', { name: 'tiny', op: 'set' })).rejects.toMatchObject({ code: 'EINVAL' });
    await expect(ask('debug', { name: 'tiny', flags: 1 })).rejects.toMatchObject({ code: 'EINVAL' });
  });

  it('says why a module has no flags', async () => {
    let answer: () => Promise<unknown> = async () => {
      throw new MusterError('ENOSYS', 'nobody serves it');
    };
    const { ask } = makeWorld([{ name: 'tiny' }, { name: 'web', kind: 'command' }], { request: () => answer() });
    await expect(ask('debug', { name: 'nosuch' })).rejects.toMatchObject({
      code: 'ENOENT',
      message: expect.stringContaining('loaded: tiny, web'),
    });
    await expect(ask('debug', { name: 'web' })).rejects.toMatchObject({ code: 'ENOSYS', message: expect.stringContaining('is a command') });
    answer = async () => ({ level: 'debug' });
    await expect(ask('debug', { name: 'tiny' })).rejects.toMatchObject({ code: 'EPROTO' });
  });
});

describe('muster.publish', () => {
  it('publishes for the one who asks', async () => {
    const sent: unknown[] = [];
    const { ask } = makeWorld([], { publish: (...event) => void sent.push(event) });
    expect(await ask('publish', { topic: 'a.b', payload: [1] })).toEqual({});
    await ask('publish', { topic: 'a.b' }, { from: asker('apply') });
    expect(sent).toEqual([
      ['a.b', [1], null],
      ['a.b', undefined, asker('apply')],
    ]);
  });
});

describe('muster.trace', () => {
  const record: TraceRecord = { at: '', type: 'event', topic: 'a.b', from: 'a', to: null, size: 2, payload: { pass: 'hunter22' } };

  it('begins with an empty part, then tells what comes, without secrets, until the caller leaves', async () => {
    let tell: Parameters<ApiBus['trace']>[1] = () => {};
    let ended = false;
    const { ask } = makeWorld([], {
      trace(wanted, onRecords, signal) {
        expect(wanted).toEqual({ names: ['a'], types: undefined, topic: undefined, payloads: true });
        tell = onRecords;
        signal.addEventListener('abort', () => (ended = true));
      },
    });
    const leave = new AbortController();
    const parts: unknown[] = [];
    const part = async (payload: unknown) => {
      if (parts.push(payload) === 1) setImmediate(() => tell([record], 3));
      else leave.abort();
    };
    await ask('trace', { names: ['a'], full: true }, { part, signal: leave.signal });
    expect(parts).toEqual([
      { records: [], dropped: 0 },
      { records: [{ ...record, payload: { pass: '***' } }], dropped: 3 },
    ]);
    expect(ended).toBe(true);
  });

  it('tells in the order of time what comes at once from several runners', async () => {
    let tell: Parameters<ApiBus['trace']>[1] = () => {};
    const { ask } = makeWorld([], {
      trace(_, onRecords) {
        tell = onRecords;
      },
    });
    const leave = new AbortController();
    const told: string[] = [];
    const at = (ms: number, topic: string) => ({ ...record, at: `2026-01-01T00:00:00.00${ms}Z`, topic });
    const part = async (payload: unknown) => {
      const { records } = payload as { records: TraceRecord[] };
      told.push(...records.map(({ topic }) => topic));
      if (records.length > 0) return leave.abort();
      setImmediate(() => {
        tell([at(2, 'a.request'), at(3, 'a.response')], 0);
        tell([at(1, 'b.request'), at(2, 'b.response')], 0);
      });
    };
    await ask('trace', {}, { part, signal: leave.signal });
    expect(told).toEqual(['b.request', 'a.request', 'b.response', 'a.response']);
  });

  it('refuses a glob that matches nothing', async () => {
    const { ask } = makeWorld([]);
    for (const payload of [{ topic: '' }, { names: ['a', ''] }]) {
      await expect(ask('trace', payload)).rejects.toMatchObject({ code: 'EINVAL', hint: 'leave it out for all messages' });
    }
  });

  it('drops and counts what a slow reader does not take', async () => {
    let tell: Parameters<ApiBus['trace']>[1] = () => {};
    const { ask } = makeWorld([], {
      trace(_, onRecords) {
        tell = onRecords;
      },
    });
    const leave = new AbortController();
    const parts: { records: unknown[]; dropped: number }[] = [];
    const part = async (payload: unknown) => {
      parts.push(payload as (typeof parts)[number]);
      if (parts.length === 1) for (let i = 0; i < 5000; i++) tell([record], 0);
      else leave.abort();
    };
    await ask('trace', {}, { part, signal: leave.signal });
    expect(parts.map(({ records, dropped }) => [records.length, dropped])).toEqual([
      [0, 0],
      [1000, 4000],
    ]);
  });
});
