import { expect, test } from 'vitest';
import { MusterError } from '../../src/model/error.ts';
import type { Child, SpawnSpec } from '../../src/model/keeper.ts';
import { createNpm } from '../../src/packages/npm.ts';
import { npmFailure } from '../../src/packages/npm-failure.ts';
import { createFakeClock } from '../support/fake-clock.ts';

const asIs = (text: string): string => text;

test.each([
  ['E404', 'ENOENT', 'the registry has no such package'],
  ['ETARGET', 'ENOENT', 'there is no version like that'],
  ['ECONNREFUSED', 'EHOSTUNREACH', 'the registry cannot be reached'],
  ['ENOTFOUND', 'EHOSTUNREACH', 'the registry cannot be reached'],
  ['E503', 'EHOSTUNREACH', 'the registry cannot be reached'],
  ['E401', 'EACCES', 'the registry refuses it'],
  ['EINTEGRITY', 'EIO', 'what came is not what the registry promised'],
  ['ENOSPC', 'ENOSPC', 'the disk is full'],
  ['EWHATEVER', 'EFAILED', 'npm cannot install x: so it is'],
])('%s of npm is %s: %s', (npm, code, says) => {
  const stdout = `a warning\n${JSON.stringify({ error: { code: npm, summary: 'so it\n  is', detail: '' } })}`;
  const error = npmFailure('npm cannot install x', 'npm exited with code 1', { stdout, stderr: '' }, asIs);
  expect(error).toMatchObject({ code, message: expect.stringContaining(says) });
  expect(error.message).toMatch(new RegExp(`so it is \\(npm ${npm}\\)$`));
});

test('what npm says without JSON is taken from its lines; where it says nothing its end has to do', () => {
  const stderr = 'npm error code E404\nnpm error 404 Not Found\nnpm error path /x\n';
  expect(npmFailure('x', 'npm exited with code 1', { stdout: '', stderr }, asIs).message).toBe(
    'x: the registry has no such package: 404 Not Found (npm E404)',
  );
  expect(npmFailure('x', 'npm was ended by SIGKILL', { stdout: '{"add": [', stderr: '' }, asIs).message).toBe(
    'x: npm was ended by SIGKILL',
  );
});

interface Spawned {
  spec: SpawnSpec;
  end(code: number): void;
  killed: boolean;
}

function setUp(env: Record<string, string> = {}) {
  const clock = createFakeClock(0);
  const spawned: Spawned[] = [];
  const keeper = {
    async spawn(spec: SpawnSpec): Promise<Child> {
      let end: (code: number) => void = () => {};
      const exited = new Promise<{ code: number | null; signal: null }>((resolve) => {
        end = (code) => resolve({ code, signal: null });
      });
      const one: Spawned = { spec, end, killed: false };
      spawned.push(one);
      const killTree = async () => {
        one.killed = true;
        end(1);
      };
      return { exited, killTree } as unknown as Child;
    },
  };
  const npm = createNpm({ keeper, clock, random: { id: () => 'lease' }, env, cache: '/cache' });
  return { npm, spawned, clock };
}

test('npm gets its prefix, its cache and the spec as arguments of their own, and of the environment what it needs alone', async () => {
  const { npm, spawned } = setUp({ PATH: '/bin', HOME: '/home/a', npm_config_registry: 'http://r/', HTTPS_PROXY: 'http://p', SECRET: 'x' });
  const installing = npm.install({ prefix: '/prefix', spec: '--evil; rm', scripts: false });
  await Promise.resolve();
  spawned[0]?.end(0);
  await installing;
  const { argv, cwd, env } = spawned[0]?.spec ?? { argv: [], cwd: '', env: {} };
  expect(argv.slice(-2)).toEqual(['--', '--evil; rm']);
  expect(argv).toEqual(expect.arrayContaining(['--ignore-scripts=true', '/prefix', '/cache']));
  expect(cwd).toBe('/prefix');
  expect(env).toEqual({
    PATH: '/bin',
    HOME: '/home/a',
    npm_config_registry: 'http://r/',
    HTTPS_PROXY: 'http://p',
    GIT_TERMINAL_PROMPT: '0',
  });
});

test('an npm that takes too long, or is not wanted any more, is ended with all that it started', async () => {
  const { npm, spawned, clock } = setUp();
  const told = { code: 'ECANCELED', message: 'npm install slow was ended: it took longer than 10 minutes' };
  const slow = expect(npm.install({ prefix: '/p', spec: 'slow', scripts: false })).rejects.toMatchObject(told);
  await Promise.resolve();
  await Promise.resolve();
  await clock.advance(600_000);
  await slow;
  const stopping = new AbortController();
  const unwanted = npm.install({ prefix: '/p', spec: 'unwanted', scripts: true, signal: stopping.signal });
  await Promise.resolve();
  stopping.abort();
  await expect(unwanted).rejects.toMatchObject({ code: 'ECANCELED', message: expect.stringContaining('the daemon is stopping') });
  expect(spawned.map(({ killed }) => killed)).toEqual([true, true]);
});

test('without npm it is said what is missing', async () => {
  const keeper = { spawn: () => Promise.reject(new MusterError('ENOENT', 'there is no command "npm" in /bin')) };
  const npm = createNpm({ keeper, clock: createFakeClock(0), random: { id: () => 'lease' }, env: {}, cache: '/cache' });
  await expect(npm.install({ prefix: '/p', spec: 'x', scripts: false })).rejects.toMatchObject({
    code: 'ENOENT',
    message: expect.stringContaining('packages are installed by npm, which is not there'),
    hint: expect.stringContaining('PATH of the daemon'),
  });
});
