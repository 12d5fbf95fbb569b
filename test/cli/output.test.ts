import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MusterError } from '../../src/model/error.ts';
import { serveSocket } from '../../src/socket/server.ts';
import { planDoc, resultDoc } from '../render/plan-doc.ts';
import { statusDoc } from '../render/status-doc.ts';
import { type Bench, makeBench } from './cli.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await makeBench();
});
afterAll(() => bench.dispose());

const warning = {
  severity: 'warning',
  code: 'declared',
  message: 'web is declared and comes back',
  file: '/srv/muster.yaml',
  line: 4,
  column: 3,
  endLine: 4,
  endColumn: 6,
} as const;

describe('what the client prints', () => {
  it('says what, why, the code and what to do when the daemon refuses', async () => {
    bench.answers.load = () => {
      throw new MusterError('EEXIST', 'already loaded', { hint: 'muster reload greeter', output: ['boom', '  at x'] });
    };
    const { code, out, err } = await bench.muster(['load', 'greeter']);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toBe('muster: load greeter: already loaded (EEXIST)\nlast output:\n  boom\n    at x\n  muster reload greeter\n');
  });

  it('does not name the module twice', async () => {
    bench.answers.load = () => {
      throw new MusterError('EEXIST', 'greeter: already loaded');
    };
    expect((await bench.muster(['load', 'greeter'])).err).toBe('muster: load greeter: already loaded (EEXIST)\n');
  });

  it('exits with the code that belongs to the error', async () => {
    const cases = [
      [new MusterError('EREFUSED', 'held'), 8],
      [new MusterError('EFAILED', 'died', { exitCode: 4 }), 4],
      [new MusterError('EALREADY', 'busy'), 9],
    ] as const;
    for (const [error, code] of cases) {
      bench.answers.load = () => {
        throw error;
      };
      expect((await bench.muster(['load', 'x'])).code).toBe(code);
    }
  });

  it('says how to start a daemon and which others run where none answers', async () => {
    const home = join(bench.folder, 'state/muster');
    await mkdir(join(home, 'other'), { recursive: true });
    await mkdir(join(home, 'dead'), { recursive: true });
    await writeFile(join(home, 'dead/muster.sock'), '');
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const other = await serveSocket({ path: join(home, 'other/muster.sock'), log, onRequest: () => {} });
    const env = { XDG_STATE_HOME: join(bench.folder, 'state'), MUSTER_STATE_DIR: '' };
    const { code, out, err } = await bench.muster(['reconcile', '--dry-run'], { env });
    await other.close(0);
    expect({ code, out }).toEqual({ code: 3, out: '' });
    expect(err).toContain(`no daemon "default" runs in ${join(home, 'default')} (ECONNREFUSED)`);
    expect(err).toMatch(/start one with: .*cli\.cjs up -d -c FILE/);
    expect(err).toContain('other daemons that run: --daemon other\n');
  });

  it('is silent when load succeeds, and prints the Result with --json', async () => {
    bench.answers.load = () => resultDoc();
    expect(await bench.muster(['load', 'web'])).toMatchObject({ code: 0, out: '', err: '' });
    const { out } = await bench.muster(['--json', 'load', 'web']);
    expect(out).toBe(`${JSON.stringify(resultDoc(), null, 2)}\n`);
  });

  it('prints warnings of a removal on stderr with their place', async () => {
    bench.answers.remove = () => resultDoc({ diagnostics: [warning] });
    const { code, out, err } = await bench.muster(['remove', 'web']);
    expect({ code, out }).toEqual({ code: 0, out: '' });
    expect(err).toBe('/srv/muster.yaml:4:3: warning declared: web is declared and comes back\n');
  });

  it('keeps stdout to the one document that was asked for', async () => {
    bench.answers.reconcile = (_, part) => {
      part({ progress: { done: 0, total: 1, running: ['web'] } });
      return planDoc({ diagnostics: [warning] });
    };
    const json = await bench.muster(['reconcile', '--dry-run', '-o', 'json']);
    expect(JSON.parse(json.out)).toMatchObject({ kind: 'Plan', formatVersion: '1.0' });
    expect(json.err).toContain('warning declared');
    const text = await bench.muster(['reconcile', '--dry-run']);
    expect(text.out).toContain('-/+ web');
    expect(text.out).not.toContain('comes back');
    expect((await bench.muster(['reconcile', '--dry-run', '-o', 'markdown'])).out).toContain('| ');
  });

  it('has no escape sequences in a pipe', async () => {
    bench.answers.reconcile = () => resultDoc({ diagnostics: [warning] });
    bench.answers.status = () => statusDoc({ healthy: false, unhealthy: [{ name: 'a', reason: 'b' }] });
    for (const args of [['reconcile'], ['status'], ['list', '--bogus']]) {
      const { out, err } = await bench.muster(args, { env: { FORCE_COLOR: '1' } });
      expect(out + err).not.toContain('\x1b');
    }
  });

  it('exits 10 where status is not what was waited or checked for', async () => {
    bench.answers.status = () => ({ ...statusDoc({ healthy: false }), waited: false });
    expect((await bench.muster(['status'])).code).toBe(10);
    bench.answers.status = () => statusDoc({ healthy: false });
    expect((await bench.muster(['status'])).code).toBe(0);
    expect((await bench.muster(['status', '--check'])).code).toBe(10);
    expect((await bench.muster(['status', '--wait', 'synced'])).code).toBe(0);
    expect((await bench.muster(['status', '--wait', 'synced,healthy', '--timeout', '1s'])).code).toBe(10);
    expect(bench.asked.at(-1)?.payload).toEqual({ wait: ['synced', 'healthy'], timeout: 1000 });
  });

  it('exits 2 where there is drift', async () => {
    bench.answers.drift = () => planDoc();
    expect(await bench.muster(['drift'])).toMatchObject({ code: 2, out: expect.stringContaining('web') });
    bench.answers.drift = () => planDoc({ changes: [], outcome: 'noChanges' });
    expect(await bench.muster(['drift'])).toMatchObject({ code: 0, out: 'No drift.\n' });
  });

  it('streams logs as they come, as lines of JSON where wanted', async () => {
    const record = (text: string) => ({ name: 'web', at: null, stream: 'stdout', level: 'info', text });
    bench.answers.logs = (_, part) => {
      part([record('one'), record('two')]);
      return [record('three')];
    };
    expect((await bench.muster(['logs', 'web'])).out).toBe('one\ntwo\nthree\n');
    expect((await bench.muster(['logs', 'web', 'x'])).out).toBe('web | one\nweb | two\nweb | three\n');
    const { out } = await bench.muster(['logs', 'web', '--json']);
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).text),
    ).toEqual(['one', 'two', 'three']);
  });

  it('is quiet when the reader of its output leaves', async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => ({ name: 'web', at: null, stream: 'stdout', level: 'info', text: `line ${i}` }));
    bench.answers.logs = () => lines;
    const script = join(bench.folder, 'cli.cjs');
    const env = { PATH: process.env.PATH, MUSTER_STATE_DIR: bench.folder };
    const shell = spawn('bash', ['-c', `set -o pipefail; "$0" "$1" logs web | head -n 1`, process.execPath, script], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (chunk) => (text += chunk));
    const [code] = await once(shell, 'close');
    expect({ code, text }).toEqual({ code: 0, text: 'line 0\n' });
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('exits after %s with %d', async (signal, code) => {
    let asked = (): void => {};
    const waiting = new Promise<void>((resolve) => (asked = resolve));
    bench.answers.events = () => {
      asked();
      return new Promise(() => {});
    };
    const script = join(bench.folder, 'cli.cjs');
    const child = spawn(process.execPath, [script, 'events', '-f'], { env: { MUSTER_STATE_DIR: bench.folder }, stdio: 'ignore' });
    await waiting;
    child.kill(signal);
    expect(await once(child, 'close')).toEqual([code, null]);
  });
});
