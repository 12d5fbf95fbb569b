import { describe, expect, it } from 'vitest';
import { statusText } from '../../src/render/status.ts';
import { now } from './module-view.ts';
import { statusDoc } from './status-doc.ts';

const at = new Date(now).toISOString();
const shown = (changes: Parameters<typeof statusDoc>[0] = {}) => statusText(statusDoc(changes), { now });
const none = { load: 0, remove: 0, reload: 0, reconfigure: 0, rename: 0, adopt: 0, unchanged: 2, held: 0, unmanaged: 0 };
const finding = {
  severity: 'error',
  code: 'syntax',
  message: 'unexpected end',
  file: '/srv/muster.yaml',
  line: 3,
  column: 1,
  endLine: 3,
  endColumn: 2,
} as const;

describe('the text of status', () => {
  it('is one line for each thing where all is well', () => {
    expect(shown().split('\n')).toEqual([
      'Daemon       default, pid 77, up 10m, muster 0.1.0, node v20.20.2',
      'State dir    /var/lib/muster/default',
      'Config       /srv/muster.yaml',
      'Generation   2, serial 5',
      'Synced       yes',
      'Healthy      yes',
      'Modules      2 running',
      'Containment  cgroup',
      'Last run     none',
      '',
    ]);
  });

  it('says so where modules cannot have cgroups', () => {
    expect(shown({ containment: 'processGroup' })).toContain('Containment  process group; no cgroup can be made here\n');
  });

  it('says what is pending and which guard refuses it', () => {
    const text = shown({ synced: false, pending: { summary: { ...none, load: 1, remove: 6 }, guards: ['6 removals'] } });
    expect(text).toContain('Synced       no: 1 to load, 6 to remove; refused: 6 removals\n');
  });

  it('shows an invalid config with the place', () => {
    const config = { files: ['/srv/muster.yaml'], digest: null, revision: null, valid: false, diagnostics: [finding] };
    const text = shown({ synced: false, config });
    expect(text).toContain('/srv/muster.yaml invalid');
    expect(text).toContain('/srv/muster.yaml:3:1: error syntax: unexpected end');
    expect(text).toContain('no: the config is invalid');
  });

  it('names what is unhealthy, held and drifted', () => {
    const text = shown({
      healthy: false,
      unhealthy: [{ name: 'web', reason: 'backing off' }],
      held: [
        { name: 'gc', reason: 'INC-77', since: at, until: new Date(now + 3 * 3_600_000).toISOString() },
        { name: '*', reason: 'freeze', since: at, until: null },
      ],
      drift: [{ name: 'db', text: 'removed by hand' }],
    });
    expect(text).toContain('web: backing off');
    expect(text).toContain('gc: INC-77, 3h left');
    expect(text).toContain('everything: freeze, until released');
    expect(text).toContain('db: removed by hand');
  });

  it('shows which modules are at warn or error, and since when, but for those that are named as unhealthy', () => {
    const since = new Date(now - 120_000).toISOString();
    const text = shown({
      healthy: false,
      unhealthy: [{ name: 'db', reason: 'exited' }],
      statuses: [
        { name: 'db', level: 'error', message: 'exited', since },
        { name: 'web', level: 'warn', message: 'disconnected', since },
      ],
    });
    expect(text).toContain('Status       web: warn for 2m: disconnected\n');
    expect(text).not.toContain('db: error');
  });

  it('tells of the last run what did not succeed', () => {
    const changes = [
      { name: 'a', action: 'load', status: 'ok', error: null },
      { name: 'b', action: 'load', status: 'failed', error: 'threw: no' },
    ];
    const last = {
      at: '2026-01-01T00:09:00.000Z',
      trigger: 'sighup',
      outcome: 'failed',
      exitCode: 6,
      planId: 'p',
      changes,
      diagnostics: [],
    };
    const text = shown({ lastReconcile: last });
    expect(text).toContain('1m ago by sighup: failed (exit code 6)\n');
    expect(text).toContain('b load failed: threw: no');
    expect(text).not.toContain('a load');
  });
});
