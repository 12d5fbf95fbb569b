import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FirstRun } from '../../src/model/up.ts';
import { resultDoc } from '../render/plan-doc.ts';
import { type Bench, makeBench } from './cli.ts';

/** A daemon that does what its config file says, and writes down with what it was started. */
const daemon = `
const fs = require('node:fs');
exports.runDaemon = async (options) => {
  const play = JSON.parse(fs.readFileSync(options.files[0], 'utf8'));
  if (play.exit !== undefined) process.exit(play.exit);
  if (play.error !== undefined) throw Object.assign(new Error(play.error.message), { name: 'MusterError' }, play.error);
  fs.writeFileSync(options.stateDir + '/started.json', JSON.stringify({ pid: process.pid, options }));
  console.error('a line of its log');
  const alive = setInterval(() => {}, 1000);
  const told = new Promise((resolve) => process.once('SIGTERM', resolve));
  options.onReady(play.first);
  await told;
  clearInterval(alive);
  return 0;
};
`;

let bench: Bench;
let pid: number | null = null;
beforeAll(async () => {
  bench = await makeBench();
  await writeFile(join(bench.folder, 'daemon.cjs'), daemon);
});
afterEach(() => {
  if (pid !== null) process.kill(pid, 'SIGTERM');
  pid = null;
});
afterAll(() => bench.dispose());

const play = (what: { first?: FirstRun; error?: object; exit?: number }) =>
  writeFile(join(bench.folder, 'play.json'), JSON.stringify(what));
const started = async () => JSON.parse(await readFile(join(bench.folder, 'started.json'), 'utf8'));
const first = (changes: Partial<FirstRun> = {}): FirstRun => ({ result: resultDoc(), diagnostics: [], exitCode: 0, ...changes });

describe('up', () => {
  it('with -d returns when the first run is done, with what became of it and three lines to paste', async () => {
    await play({ first: first() });
    const { code, out, err } = await bench.muster(['up', '-d', '-c', 'play.json', '--socket-mode', '0660']);
    ({ pid } = await started());
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('Applied: 1 reloaded');
    expect(out).toMatch(/^ {2}node cli\.cjs --state-dir \S+ list /m);
    const { options } = await started();
    expect(options).toMatchObject({
      files: [join(bench.folder, 'play.json')],
      stateDir: bench.folder,
      socketMode: 0o660,
      daemonName: 'default',
    });
  });

  it('with -d keeps the log for its owner alone', async () => {
    await play({ first: first() });
    await bench.muster(['up', '-d', '-c', 'play.json']);
    ({ pid } = await started());
    const file = join(bench.folder, 'log/muster.log');
    expect(await readFile(file, 'utf8')).toContain('a line of its log');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('with -d returns with the code of a first run that failed, and the daemon stays', async () => {
    await play({ first: first({ exitCode: 6 }) });
    expect((await bench.muster(['up', '-d', '-c', 'play.json'])).code).toBe(6);
    ({ pid } = await started());
    expect(process.kill(pid ?? 0, 0)).toBe(true);
  });

  it('with -d tells what the daemon died of, with its code and hint', async () => {
    await play({ error: { code: 'EALREADY', message: 'daemon 7 already runs here', hint: 'muster down' } });
    const { code, out, err } = await bench.muster(['up', '-d', '-c', 'play.json']);
    expect({ code, out }).toEqual({ code: 9, out: '' });
    expect(err).toBe('muster: up: daemon 7 already runs here (EALREADY)\n  muster down\n');
  });

  it('with -d says how a daemon ended that could not say why, and where its log is', async () => {
    await play({ exit: 5 });
    const { code, err } = await bench.muster(['up', '-d', '-c', 'play.json']);
    expect(code).toBe(5);
    expect(err).toContain('the daemon ended with code 5 before it was ready (EFAILED)');
    expect(err).toContain(join(bench.folder, 'log/muster.log'));
  });

  it('says so where the state dir cannot be made', async () => {
    const { code, err } = await bench.muster(['up', '-d', '-c', 'play.json', '--state-dir', '/dev/null/x']);
    expect(code).toBe(1);
    expect(err).toContain('cannot write to the state dir /dev/null/x');
  });
});
