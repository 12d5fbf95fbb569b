import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { duplicateKey } from '../../src/cli/duplicate-key.ts';
import { planDoc, resultDoc } from '../render/plan-doc.ts';
import { type Bench, makeBench } from './cli.ts';

let bench: Bench;
/** Who `bench` asks as. */
const by = 'alice@desk';
beforeAll(async () => {
  bench = await makeBench();
  for (const method of ['reconcile', 'reload', 'restart', 'load', 'remove', 'release']) bench.answers[method] = () => resultDoc();
  bench.answers.list = () => ({ formatVersion: '1.0', modules: [] });
  bench.answers.hold = () => ({ held: ['gc'] });
  bench.answers.signal = () => ({});
});
beforeEach(() => {
  bench.asked.length = 0;
});
afterAll(() => bench.dispose());

async function asks(args: string[]): Promise<unknown> {
  const { code, err } = await bench.muster(args);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(bench.asked).toHaveLength(1);
  return bench.asked[0];
}

describe('what the client asks the daemon', () => {
  it('takes global options before and after the command', async () => {
    const socket = join(bench.folder, 'muster.sock');
    for (const args of [
      ['--socket', socket, '--json', 'list'],
      ['list', '--json', '--socket', socket],
    ]) {
      const { code, out } = await bench.muster(args, { elsewhere: true });
      expect(code).toBe(0);
      expect(JSON.parse(out)).toEqual({ formatVersion: '1.0', modules: [] });
    }
    expect((await bench.muster(['list', '--state-dir', bench.folder], { elsewhere: true })).code).toBe(0);
  });

  it('gives all after the NAME of load to the module, and makes a path absolute', async () => {
    expect(await asks(['load', '--name', 'x', './m.js', '--json', '-f', '--', '--name', 'y', ''])).toEqual({
      topic: 'muster.load',
      payload: { by, target: join(bench.folder, 'm.js'), name: 'x', cwd: bench.folder, args: ['--json', '-f', '--', '--name', 'y', ''] },
    });
  });

  it('leaves a bare name, a builtin and the name of a command as they are', async () => {
    expect(await asks(['load', 'greeter'])).toMatchObject({ payload: { target: 'greeter', args: [] } });
    bench.asked.length = 0;
    expect(await asks(['load', 'builtin:heartbeat'])).toMatchObject({ payload: { target: 'builtin:heartbeat' } });
    bench.asked.length = 0;
    expect(await asks(['load', '--command', 'web', 'node', 'server.js', '--port', '1'])).toMatchObject({
      payload: { target: 'web', command: true, args: ['node', 'server.js', '--port', '1'] },
    });
  });

  it('reads config and environment of load', async () => {
    const args = ['load', '--exec', '--config', '{"a":{"b":1}}', '--env', 'A=1', '--env', 'B=x=y', 'm'];
    expect(await asks(args)).toMatchObject({ payload: { isolation: 'process', config: { a: { b: 1 } }, env: { A: '1', B: 'x=y' } } });
  });

  it('takes a module that is named like an option after two dashes', async () => {
    expect(await asks(['restart', '--', '-x', 'y'])).toMatchObject({ payload: { names: ['-x', 'y'] } });
  });

  it('asks for a run when reload names no module, and for that module when it does', async () => {
    expect(await asks(['reload', '--wait', '--timeout', '5s'])).toEqual({
      topic: 'muster.reload',
      payload: { by, wait: true, timeout: 5000 },
    });
    bench.asked.length = 0;
    expect(await asks(['reload', '-f', 'web', '-f'])).toEqual({
      topic: 'muster.reload',
      payload: { by, name: 'web', args: ['-f'], force: true },
    });
  });

  it('sends the options of reconcile, and nothing that was not given', async () => {
    expect(await asks(['reconcile'])).toEqual({ topic: 'muster.reconcile', payload: { by } });
    bench.asked.length = 0;
    const args = [
      '--dry-run',
      '--from',
      'b.yaml',
      '--prune',
      'all',
      '--max-removals',
      '60%',
      '--allow-empty',
      '--only',
      'web*',
      '--atomic',
    ];
    expect(await asks(['reconcile', ...args, '--lock-timeout', '500ms', '--reason', 'r'])).toEqual({
      topic: 'muster.reconcile',
      payload: {
        by,
        ...{ dryRun: true, from: [join(bench.folder, 'b.yaml')], prune: 'all', maxRemovals: '60%', allowEmpty: true },
        ...{ only: ['web*'], onFailure: 'rollback', lockTimeout: 500, reason: 'r' },
      },
    });
  });

  it('makes paths absolute for remove, and hands on its flags', async () => {
    expect(await asks(['remove', '-f', '--hold', '--reason', 'r', './m.js', 'web'])).toEqual({
      topic: 'muster.remove',
      payload: { by, reason: 'r', force: true, hold: true, names: [join(bench.folder, 'm.js'), 'web'] },
    });
  });

  it('hands a signal on as it is written', async () => {
    expect(await asks(['signal', 'web', 'usr1'])).toEqual({ topic: 'muster.signal', payload: { by, name: 'web', signal: 'usr1' } });
  });

  it('says who asks: what $MUSTER_BY says, else who started the pipeline, else the user', async () => {
    const asking = async (env: Record<string, string>): Promise<unknown> => {
      bench.asked.length = 0;
      expect(await bench.muster(['reload'], { env: { MUSTER_BY: '', ...env } })).toMatchObject({ code: 0 });
      return bench.asked[0]?.payload.by;
    };
    expect(await asking({ MUSTER_BY: ' deploy\n\u001b[31mbot ' })).toBe('deploy [31mbot');
    expect(await asking({ GITHUB_ACTIONS: 'true', GITHUB_ACTOR: 'octo' })).toBe('octo (GitHub Actions)');
    expect(await asking({ GITLAB_CI: 'true', GITLAB_USER_LOGIN: 'lab' })).toBe('lab (GitLab CI)');
    expect(await asking({ USER: 'carol' })).toBe(`carol@${hostname()}`);
    expect(await asking({ USER: 'root', SUDO_USER: 'carol' })).toBe(`carol@${hostname()}`);
  });

  it('wants a reason for a hold, and names or --all', async () => {
    expect(await asks(['hold', 'gc', '--reason', 'INC-77', '--for', '4h'])).toMatchObject({
      payload: { names: ['gc'], reason: 'INC-77', for: 14_400_000 },
    });
    expect((await bench.muster(['hold', 'gc'])).err).toContain('a hold needs --reason (EINVAL)');
    expect((await bench.muster(['hold', '--reason', 'x'])).err).toContain('give NAME... or --all (EINVAL)');
    expect((await bench.muster(['release', '--all', 'x'])).err).toContain('not both (EINVAL)');
  });

  it('takes a generation by its number only, before it asks anything', async () => {
    for (const args of [
      ['rollback', 'last'],
      ['rollback', '0'],
      ['history', 'show', '-1'],
      ['history', 'show'],
      ['history', 'list'],
      ['diff', 'gen:', 'gen:2'],
    ]) {
      expect(await bench.muster(args)).toMatchObject({ code: 1, out: '' });
    }
    expect(bench.asked).toEqual([]);
  });

  it('exits 2 with --detailed-exitcode where there are differences, and only then', async () => {
    bench.answers.reconcile = () => planDoc();
    expect((await bench.muster(['reconcile', '--dry-run', '--detailed-exitcode'])).code).toBe(2);
    bench.answers.reconcile = () => planDoc({ changes: [], outcome: 'noChanges' });
    expect((await bench.muster(['reconcile', '--dry-run', '--detailed-exitcode'])).code).toBe(0);
    bench.answers.reconcile = () => planDoc({ outcome: 'refused', exitCode: 8 });
    expect((await bench.muster(['reconcile', '--dry-run', '--detailed-exitcode'])).code).toBe(8);
    bench.answers.reconcile = () => resultDoc();
  });
});

describe('a saved plan', () => {
  it.each([
    ['{"a":{"b":1},"c":{"b":2,"d":"b"},"e":["b","b"]}', null],
    ['[{"a":1},{"a":2}]', null],
    ['{"a":"\\",\\"a\\":","b":"{\\"a\\""}', null],
    ['"a"', null],
    ['{"a":1,"b":[],"a":1}', 'a'],
    ['{"x":[{"a":{"a":1},"b":{},"\\u0061":2}]}', 'a'],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
  ])('%s has twice: %j', (json, key) => {
    expect(duplicateKey(json)).toBe(key);
  });
});
