import { describe, expect, it } from 'vitest';
import type { AuditLine } from '../../src/model/audit.ts';
import type { LogRecord } from '../../src/model/documents.ts';
import { ageText, spanText } from '../../src/render/ages.ts';
import { auditText } from '../../src/render/audit.ts';
import { driftText } from '../../src/render/drift.ts';
import { eventText } from '../../src/render/events.ts';
import { infoText } from '../../src/render/info.ts';
import { logPrinter } from '../../src/render/logs.ts';
import { nextStepsText } from '../../src/render/next-steps.ts';
import { tracePrinter } from '../../src/render/trace.ts';
import { moduleView, now } from './module-view.ts';
import { planDoc } from './plan-doc.ts';

const line = (name: string, text: string, more: Partial<LogRecord> = {}): LogRecord => {
  return { name, text, at: null, stream: 'stdout', level: 'info', ...more };
};

describe('ages', () => {
  it('have at most two units', () => {
    expect([0, 999, 1000, 61_000, 3_600_000, 3_661_000, 90_061_000].map(spanText)).toEqual([
      '0s',
      '0s',
      '1s',
      '1m1s',
      '1h',
      '1h1m',
      '1d1h',
    ]);
  });

  it('are never negative, whatever the clocks say', () => {
    expect(ageText('2030-01-01T00:00:00Z', now)).toBe('0s');
  });
});

describe('a line of the audit log', () => {
  const audited: AuditLine = {
    ...{ seq: 7, at: '2026-01-31T10:00:00.123Z', by: 'alice@web1', peer: { uid: 1000, pid: 3 }, method: 'reload', trigger: 'reload' },
    ...{
      params: {},
      reason: 'INC-77',
      outcome: 'applied',
      exitCode: 0,
      planId: null,
      serial: 3,
      generation: 2,
      moreChanges: 0,
      error: null,
    },
    changes: [
      { name: 'web', action: 'reload', status: 'ok' },
      { name: 'gc', action: 'remove', status: 'failed' },
    ],
  };

  it('says when, who in which words and as whom, what, what came of it, and why', () => {
    expect(auditText(audited)).toBe('2026-01-31 10:00:00Z  alice@web1 (uid 1000)  reload  applied  -/+ web, - gc (failed)  INC-77');
    expect(auditText({ ...audited, changes: Array(9).fill(audited.changes[0]), moreChanges: 3 })).toContain('-/+ web, 7 more  INC-77');
  });

  it('names what was asked for where nothing was changed, and how often; nobody is a dash', () => {
    const refused = {
      outcome: 'refused',
      exitCode: 8,
      error: { code: 'EREFUSED', message: 'a is held:\n INC-2' },
      changes: [],
      reason: null,
    } as const;
    expect(auditText({ ...audited, ...refused, method: 'remove', params: { names: ['a', 'b\u001b[2J'] }, times: 3 })).toBe(
      '2026-01-31 10:00:00Z  alice@web1 (uid 1000)  remove a b  refused (8)  a is held: | INC-2 (EREFUSED)  3 times',
    );
    expect(auditText({ ...audited, by: null, peer: null, method: null, trigger: 'source', recovered: true })).toMatch(
      /Z {2}- {2}source {2}applied .* told by the journal/,
    );
  });
});

describe('the text of logs', () => {
  it('is the output as it was for one module', () => {
    const print = logPrinter(null);
    expect([line('web', 'one'), line('web', '')].map(print)).toEqual(['one\n', '\n']);
  });

  it('names the module of each line where there are several', () => {
    const print = logPrinter((name) => name);
    expect([line('a', 'one'), line('cache', 'two'), line('a', 'three')].map(print).join('')).toBe('a | one\ncache | two\na     | three\n');
  });

  it('puts a line that came in pieces together, and ends it when another module speaks', () => {
    const print = logPrinter((name) => name);
    const records = [line('a', 'on', { partial: true }), line('a', 'e'), line('a', 'tw', { partial: true }), line('b', 'x')];
    expect(records.map(print).join('')).toBe('a | one\na | tw\nb | x\n');
  });

  it('names levels but info, and shows the metadata of the user behind the line', () => {
    const metadata = { command: 'node', args: ['x'], team: 'a', shift: 2 };
    const print = logPrinter(null);
    expect(print(line('web', 'web: oh', { stream: 'stderr', level: 'warn' }))).toBe('warn: web: oh\n');
    expect(print(line('web', 'hi', { metadata }))).toBe('hi  team=a shift=2\n');
    const parts = [line('web', 'on', { level: 'error', partial: true, metadata }), line('web', 'e', { level: 'error', metadata })];
    expect(parts.map(print).join('')).toBe('error: one  team=a shift=2\n');
  });

  it('marks what muster says itself', () => {
    expect(logPrinter(null)(line('web', 'restarted', { stream: 'muster' }))).toBe('[muster] restarted\n');
  });
});

describe('other texts', () => {
  it('put an event on one line', () => {
    const event = { at: '2026-01-01T00:00:01.234Z', type: 'state', name: 'web', message: 'I -> E\nError: no' };
    expect(eventText(event)).toBe('2026-01-01 00:00:01Z  state   web: I -> E | Error: no');
    expect(eventText({ ...event, name: '\u001b[31mred', message: '\u001b]0;title\u0007' })).toBe(
      '2026-01-01 00:00:01Z  state   red:  ]0;title ',
    );
  });

  it('say that there is no drift, or which', () => {
    expect(driftText({ changes: [] })).toBe('No drift.\n');
    const text = driftText(planDoc());
    expect(text).toMatch(/^ {2}web {2}would reload: args changed {2}args\[0\] "a" -> "b"\n1 module differs/);
  });

  it('give three lines to paste after up', () => {
    const text = nextStepsText({ name: 'default', command: 'node dist/cli.cjs' });
    expect(text.match(/node dist\/cli\.cjs \w+/g)).toHaveLength(3);
  });

  it('tell of a module what is known and nothing that is not', () => {
    const doc = {
      ...moduleView({ requires: ['db'] }),
      formatVersion: '1.0',
      sha1: 'abc',
      exports: ['name', 'main'],
      spec: null,
      output: [],
    };
    const text = infoText(doc, now);
    expect(text).toContain('Declared at  /srv/muster.yaml:8\n');
    expect(text).toContain('State        R for 3m\n');
    expect(text).toContain('Requires     db\n');
    expect(text).not.toMatch(/Last exit|Held|null|undefined/);
    const file = { formatVersion: '1.0', name: 'x', path: '/x.ts', sha1: 'abc', exports: ['main'], spec: null, output: [] };
    expect(infoText(file, now)).toBe('Name     x\nPath     /x.ts\nSHA-1    abc\nExports  main\n');
  });

  it('mark in both directions along which requirements a reload goes', () => {
    const module = moduleView({ requires: ['db', 'gateway'], requiredBy: ['top', 'web'], service: 'gateway' });
    const more = { reloadedWith: ['gateway'], reloads: ['web'], sha1: null, exports: [], spec: null, output: [] };
    const text = infoText({ ...module, ...more, formatVersion: '1.0' }, now);
    expect(text).toContain('Loaded by    gateway\n');
    expect(text).toContain('Requires     db, gateway (reloads this)\n');
    expect(text).toContain('Required by  top, web (reloaded with it)\n');
  });

  it('say why a module is not loaded, or as what its file is', () => {
    const file = { formatVersion: '1.0', name: 'x', path: '/x.ts', sha1: null, exports: [], spec: null, output: [] };
    expect(infoText({ ...file, notLoaded: 'disabled' }, now)).toContain('Not loaded  disabled\n');
    expect(infoText({ ...file, loadedAs: ['a', 'b'] }, now)).toContain('Loaded as  a, b\n');
  });
});

describe('the text of a trace', () => {
  const record = { at: '2026-01-01T00:00:00.000Z', type: 'request', topic: 'a.b', from: 'client', to: 'a', size: 2 } as const;
  const plain = { human: false, delta: false, paint: (_type: string, text: string) => text };

  it('keeps its columns as wide as they have been, and has the payload and the error on the line', () => {
    const print = tracePrinter(plain);
    expect(print({ ...record, from: 'long-name', payload: { a: 'x\ny' } })).toBe(
      '2026-01-01T00:00:00.000Z  request   long-name -> a  a.b  [2]  {"a":"x\\ny"}\n',
    );
    expect(print({ ...record, type: 'response', more: true, error: 'EBUSY:\nno' })).toBe(
      '2026-01-01T00:00:00.000Z  response  client -> a     a.b  [2]  more  error: EBUSY: no\n',
    );
  });

  it('tells time also backwards, for messages come from several threads', () => {
    const print = tracePrinter({ ...plain, human: true, delta: true });
    const times = ['00.500', '01.000', '00.999'].map((time) => print({ ...record, at: `2026-01-01T00:00:${time}Z` }).split(' ')[0]);
    expect(times).toEqual(['+0.000s', '+0.500s', '-0.001s']);
  });
});
