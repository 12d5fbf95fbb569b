import { describe, expect, it } from 'vitest';
import { listText } from '../../src/render/list.ts';
import { moduleView, now } from './module-view.ts';

const lastExit = { at: '2026-01-01T00:09:00.000Z', code: 3, signal: null, reason: 'exited with code 3', error: null };
const table = (modules: ReturnType<typeof moduleView>[], long = false) =>
  listText({ formatVersion: '1.0', modules }, { long, now }).split('\n');

describe('the text of list', () => {
  it('is the header alone where nothing is loaded', () => {
    expect(table([])).toEqual(['Module  Size  Digest  Idle  S  For  Service  Why', '']);
  });

  it('sorts by name and aligns its columns', () => {
    const web = moduleView({ name: 'web', kind: 'command', size: null, digest: null, idle: 0, services: ['a', 'b'] });
    expect(table([web, moduleView()])).toEqual([
      'Module   Size  Digest   Idle  S  For  Service  Why',
      'greeter   412  1234567     7  R   3m  -',
      'web         -  -           0  R   3m  a,b',
      '',
    ]);
  });

  it('puts what a service loaded right below it, and indents it only for people', () => {
    const modules = [
      moduleView({ name: 'gateway.status', service: 'gateway' }),
      moduleView({ name: 'gateway-2' }),
      moduleView({ name: 'gateway.status.deep', service: 'gateway.status' }),
      moduleView({ name: 'gateway' }),
      moduleView({ name: 'a', service: 'gw' }),
      moduleView({ name: 'web', services: ['gw'] }),
      moduleView({ name: 'b', service: 'gone' }),
    ];
    const names = ['b', 'gateway', 'gateway.status', 'gateway.status.deep', 'gateway-2', 'web', 'a'];
    expect(
      table(modules)
        .slice(1, -1)
        .map((line) => line.split(' ')[0]),
    ).toEqual(names);
    const shown = listText({ formatVersion: '1.0', modules }, { long: false, now, indent: true });
    expect([...shown.matchAll(/^ *[ab]\b|^ *(?:gateway\S*|web)/gm)].map(([name]) => name)).toEqual([
      'b',
      'gateway',
      '  gateway.status',
      '    gateway.status.deep',
      'gateway-2',
      'web',
      '  a',
    ]);
  });

  it('puts components right below their host, wherever it is', () => {
    const at = (name: string, host: string | null = null, service: string | null = 'gateway') => moduleView({ name, host, service });
    const modules = [
      at('a.example.com', 'example.com'),
      at('b.example.org', 'example.org'),
      at('example.com', 'example.com'),
      at('gateway', null, null),
      at('gateway.status'),
      at('z.example.com', 'example.com', null),
    ];
    const shown = (list: typeof modules) =>
      listText({ formatVersion: '1.0', modules: list }, { long: false, now, indent: true })
        .split('\n')
        .slice(1, -1)
        .map((line) => line.replace(/(\S) .*/, '$1'));
    const below = ['  example.com', '    a.example.com', '    z.example.com', '  gateway.status'];
    expect(shown(modules)).toEqual(['gateway', '  b.example.org', ...below]);
    expect(shown(modules.filter(({ name }) => name !== 'gateway'))).toEqual(['b.example.org', ...below.map((line) => line.slice(2))]);
  });

  it('lists also services that load each other', () => {
    const modules = [moduleView({ name: 'a', service: 'b' }), moduleView({ name: 'b', service: 'a' })];
    expect(
      table(modules)
        .slice(1, -1)
        .map((line) => line[0]),
    ).toEqual(['a', 'b']);
  });

  it('shows X and the reason for a module that failed, and what a module waits for', () => {
    const failed = moduleView({ state: 'E', failed: true, healthy: false, lastExit });
    const waiting = moduleView({ name: 'web', waitingFor: ['db'] });
    const [, first, second] = table([failed, waiting]);
    expect(first).toMatch(/ X .* exited with code 3$/);
    expect(second).toMatch(/ R .* waits for db$/);
  });

  it('prefers the message that a module gives itself and keeps it on one line', () => {
    const status = { level: 'warn', message: 'disk\nalmost full', since: '' } as const;
    expect(table([moduleView({ status })])[1]).toMatch(/ disk almost full$/);
  });

  it('never cuts a name', () => {
    const name = 'n'.repeat(100);
    expect(table([moduleView({ name })], true)[1]).toContain(`${name} `);
  });

  it('adds kind, pid, restarts, queue, origin and path in its long form', () => {
    const [head, row] = table([moduleView({ queued: 4, restarts: 2 })], true);
    expect(head?.trim().split(/\s+/)).toEqual([
      'Module',
      'Size',
      'Digest',
      'Idle',
      'S',
      'For',
      'Service',
      'Kind',
      'PID',
      'Restarts',
      'Queued',
      'Origin',
      'Path',
      'Why',
    ]);
    expect(row?.trim().split(/\s+/).slice(7)).toEqual(['code', '4242', '2', '4', 'config', '/srv/modules/greeter.ts']);
  });
});
