import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { moduleView } from '../render/module-view.ts';
import { type Bench, makeBench } from './cli.ts';

const exec = promisify(execFile);

let bench: Bench;
beforeAll(async () => {
  bench = await makeBench();
  bench.answers.list = () => ({ formatVersion: '1.0', modules: [moduleView(), moduleView({ name: 'gateway.status' })] });
});
afterAll(() => bench.dispose());

describe('init', () => {
  it('writes a config and a module once, and never over what is there', async () => {
    expect(await bench.muster(['init'])).toMatchObject({ code: 0, out: 'wrote modules/greeter.ts\nwrote muster.yaml\n' });
    const config = await readFile(join(bench.folder, 'muster.yaml'), 'utf8');
    const { code, out, err } = await bench.muster(['init']);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('muster: init: modules/greeter.ts is there already (EEXIST)');
    expect(await readFile(join(bench.folder, 'muster.yaml'), 'utf8')).toBe(config);
  });

  it('prints a systemd unit that starts this daemon', async () => {
    const { code, out } = await bench.muster(['init', 'systemd', '--daemon', 'web', '--state-dir', '/srv/my state', '-c', 'a%b.yaml']);
    expect(code).toBe(0);
    for (const line of ['Type=notify', 'NotifyAccess=all', 'Delegate=yes', 'KillMode=mixed']) expect(out).toContain(`\n${line}\n`);
    const file = join(bench.folder, 'a%%b.yaml');
    expect(out).toContain(
      `ExecStart=${process.execPath} ${join(bench.folder, 'cli.cjs')} up --daemon web --state-dir "/srv/my state" -c ${file}\n`,
    );
    expect(out).toContain(`-c ${file} --replace --detach\n`);
  });

  it('writes a module and its test once, and says what to do next', async () => {
    const { code, out, err } = await bench.muster(['init', 'module', 'counter']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(
      /^wrote counter\.ts\nwrote counter\.test\.mjs\n\nNext:\n {2}node --test counter\.test\.mjs\n.* load \.\/counter\.ts\n/,
    );
    await rm(join(bench.folder, 'counter.ts'));
    const again = await bench.muster(['init', 'module', 'counter']);
    expect(again).toMatchObject({ code: 1, out: '', err: expect.stringContaining('counter.test.mjs is there already (EEXIST)') });
    await expect(readFile(join(bench.folder, 'counter.ts'))).rejects.toThrow('ENOENT');
  });

  it.each([
    [['module'], 'init module needs a name (EINVAL)'],
    [['module', '../x'], '../x: a name is words of'],
    [['module', 'gateway.status'], 'is loaded by the service gateway'],
    [['systemd', 'x'], 'init systemd takes no "x" (EINVAL)'],
  ])('refuses %j', async (args, says) => {
    expect(await bench.muster(['init', ...args])).toMatchObject({ code: 1, out: '', err: expect.stringContaining(says) });
  });

  it('names what there is when asked for something else', async () => {
    expect(await bench.muster(['init', 'upstart'])).toMatchObject({ code: 1, err: expect.stringContaining('no "init upstart" (EINVAL)') });
  });
});

describe('init of a pipeline', () => {
  it.each([
    ['github', '.github/workflows/muster.yaml', ['validate', 'plan', 'stage', 'apply', 'drift']],
    ['gitlab', '.gitlab-ci.yml', ['validate', 'plan', 'stage', 'apply', 'drift']],
  ])('writes one for %s once', async (platform, file, jobs) => {
    const { code, out, err } = await bench.muster(['init', platform]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.startsWith(`wrote ${file}\n`)).toBe(true);
    const written = parse(await readFile(join(bench.folder, file), 'utf8'));
    expect(Object.keys(written.jobs ?? written)).toEqual(expect.arrayContaining(jobs));
    expect(await bench.muster(['init', platform])).toMatchObject({ code: 1, out: '', err: expect.stringContaining('(EEXIST)') });
  });
});

describe('completion', () => {
  const complete = async (line: string[]): Promise<string[]> => {
    const script = `muster() { "${process.execPath}" "${join(bench.folder, 'cli.cjs')}" "$@"; }
      source <(muster completion bash)
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _muster; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = await exec('bash', ['--norc', '-c', script, 'bash', 'muster', ...line], {
      env: { PATH: process.env.PATH, MUSTER_STATE_DIR: bench.folder },
    });
    expect(stderr).toBe('');
    return stdout.trim().split('\n');
  };

  it('offers commands, the options of a command, and the names of loaded modules', async () => {
    expect(await complete(['rel'])).toEqual(['reload', 'release']);
    expect(await complete(['list', '--l'])).toEqual(['--long']);
    expect(await complete(['restart', 'g'])).toEqual(['greeter', 'gateway.status']);
    for (const command of ['list', 'stats', 'debug', 'trace', 'request']) expect(await complete([command, 'gr'])).toEqual(['greeter']);
    expect(await complete(['stats', '--c'])).toEqual(['--clear', '--clear-all']);
    expect(await complete(['--state-dir', bench.folder, 'info', 'gr'])).toEqual(['greeter']);
  });

  it('offers no names, and says nothing, where no daemon runs', async () => {
    expect(await bench.muster(['__names'], { elsewhere: true })).toEqual({ code: 0, signal: null, out: '', err: '' });
  });

  it('is there for bash, zsh and fish, and names no hidden command', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { code, out } = await bench.muster(['completion', shell]);
      expect(code).toBe(0);
      expect(out).toContain('reconcile');
      expect(out).not.toMatch(/--detached|'__names'/);
    }
    expect(await bench.muster(['completion', 'csh'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('there is bash, zsh and fish'),
    });
  });
});
