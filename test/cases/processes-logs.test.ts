import { execFileSync } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LogRecord } from '../../src/model/documents.ts';
import { createPlace, type Place, until } from '../support/place.ts';
import { type Talk, talk } from '../support/talk.ts';

const once = 'restart: {policy: never}, ready: {alive: 1ms}, cwd: .';
/** They end when they may: by then they have become ready, however busy the machine is. */
const gate = 'until test -e go; do sleep 0.05; done';
const config = `version: 1
modules:
  web:
    command: [sh, -c, 'echo out; echo oh >&2; echo hunter22 last; exec sleep 9999', sh, "a b", hunter22]
    env: {TOKEN: {secret: "env:TOKEN"}}
    log: {stderrLevel: error, prefix: "web: ", metadata: {team: a}}
  hidden:
    command: [sh, -c, 'printf password=; sleep 0.2; printf "hunter2 x\\\\npassword=hunter3"; exec sleep 9999']
    stopSignal: SIGKILL
    log: {transform: [["password=\\\\S+", "password=***"]]}
  torn: {command: [sh, -c, 'echo whole; printf "last part"; ${gate}'], ${once}}
  bytes: {command: [sh, -c, 'printf "\\\\342\\\\202"; sleep 0.2; printf "\\\\254\\\\n\\\\377A\\\\n"; ${gate}'], ${once}}
  long: {command: [node, -e, 'process.stdout.write("x".repeat(1e7) + "end\\nafter\\n"); const gate = setInterval(() => fs.existsSync("go") && clearInterval(gate), 50)'], ${once}, log: {maxSize: 0}}
  errors: {command: [sh, -c, 'echo out; echo err >&2; exec sleep 9999'], log: {capture: stderr}}
  merged: {command: [sh, -c, 'for i in 1 2 3; do echo $i; echo $i >&2; done; exec sleep 9999'], log: {mergeStderr: true}}
  told: {command: [sh, -c, 'echo told to the daemon; exec sleep 9999'], log: {sink: daemon, level: warn, metadata: {team: b}}}
  silent: {command: [sh, -c, 'echo nothing; exec sleep 9999'], log: {sink: none}}
  tick: {command: [sh, -c, 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done']}
  tock: {command: [sh, -c, 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done'], log: {maxSize: 300}}
  gone: {command: [sh, -c, 'echo I was here; exec sleep 9999'], log: {prefix: "gone: "}}
`;

describe('the logs of commands', () => {
  let place: Place;
  let daemon: Talk;

  beforeAll(async () => {
    place = await createPlace(config);
    const ran = await place.musterWith({ env: { TOKEN: 'hunter22' } }, 'up', '-d', '-c', 'muster.yaml');
    expect(ran.code, ran.stdout).toBe(0);
    await place.write('go', '');
    daemon = await talk(place);
  });
  afterAll(async () => {
    daemon[Symbol.dispose]();
    await place[Symbol.asyncDispose]();
  });

  const logs = async (names: string[], more: { lines?: number; since?: number } = {}): Promise<LogRecord[]> =>
    ((await daemon.parts('muster.logs', { names, ...more })) as LogRecord[][]).flat();
  /** All records of a module, once there are so many. */
  const whenThere = async (name: string, count: number): Promise<LogRecord[]> => {
    await until(async () => (await logs([name])).length >= count, `${name} has ${count} records`);
    return logs([name]);
  };

  it('26. tell stream, level, prefix and metadata, of which the last can be had, and those of the last hour, without secrets', async () => {
    const records = await whenThere('web', 3);
    const metadata = { team: 'a', command: 'sh', args: ['-c', expect.any(String), 'sh', 'a b', '***'] };
    expect(records).toHaveLength(3);
    expect(records).toContainEqual({ name: 'web', at: expect.any(String), stream: 'stdout', level: 'info', text: 'web: out', metadata });
    expect(records).toContainEqual({ name: 'web', at: expect.any(String), stream: 'stderr', level: 'error', text: 'web: oh', metadata });
    expect(records.map(({ text }) => text)).toContain('web: *** last');
    expect(await logs(['web'], { lines: 2 })).toEqual(records.slice(-2));
    expect(await logs(['web'], { since: 3_600_000 })).toEqual(records);
    const { stdout } = await place.muster('logs', 'web');
    expect(stdout).toContain('web: out  team=a\n');
    expect(stdout).toContain('error: web: oh  team=a\n');
    for (const file of await readdir(join(place.stateDir, 'log'))) {
      if (file.startsWith('web.log.')) expect(await readFile(join(place.stateDir, 'log', file), 'latin1')).not.toContain('hunter22');
    }
  });

  it('27. hold nothing of what a transform takes out, also where it came in two pieces and at the very end', async () => {
    expect((await whenThere('hidden', 1)).map(({ text }) => text)).toEqual(['password=*** x']);
    await place.muster('stop', 'hidden');
    expect((await whenThere('hidden', 2)).map(({ text }) => text)).toEqual(['password=*** x', 'password=***']);
    for (const file of await readdir(join(place.stateDir, 'log'))) {
      expect(await readFile(join(place.stateDir, 'log', file), 'latin1')).not.toMatch(/hunter[23] |hunter3/);
    }
  });

  it('28 and 29. have the last line though it has no end, whole characters, and a sign for what is none', async () => {
    expect((await whenThere('torn', 2)).map(({ text }) => text)).toEqual(['whole', 'last part']);
    expect((await whenThere('bytes', 2)).map(({ text }) => text)).toEqual(['€', '\ufffdA']);
    expect(await readFile(join(place.stateDir, 'log/bytes.log'), 'latin1')).toBe('\xe2\x82\xac\n\xffA\n');
  });

  it('30. have a line of ten million bytes in parts that are marked, and no byte is lost', async () => {
    await until(async () => (await logs(['long'], { lines: 1 }))[0]?.text === 'after', 'all is written');
    const records = (await logs(['long'], { lines: 1000 })).slice(0, -1);
    expect(records.length).toBeGreaterThan(100);
    expect(records.map(({ partial }) => partial === true)).toEqual(records.map((_, index) => index < records.length - 1));
    expect(records.map(({ text }) => text).join('') === `${'x'.repeat(1e7)}end`).toBe(true);
    const { stdout } = await place.muster('logs', '-n', '1000', 'long');
    expect(stdout === `${'x'.repeat(1e7)}end\nafter\n`).toBe(true);
  });

  it('keep the streams that are asked for, apart or as one', async () => {
    expect((await whenThere('errors', 1)).map(({ stream, text }) => `${stream} ${text}`)).toEqual(['stderr err']);
    const merged = await whenThere('merged', 6);
    expect(merged.map(({ stream }) => stream)).toEqual(Array(6).fill('stdout'));
    const { stdout } = await place.muster('stats', 'errors');
    expect(JSON.parse(stdout)).toMatchObject({ outputBytes: 8 });
  });

  it('go elsewhere, or nowhere, where the sink says so', async () => {
    const dir = join(place.stateDir, 'log');
    const told = async () =>
      (await readFile(join(dir, 'muster.log'), 'utf8')).split('\n').find((line) => line.includes('told to the daemon"'));
    await until(async () => (await told()) !== undefined, 'the daemon has it in its log');
    expect(JSON.parse((await told()) ?? '')).toMatchObject({ level: 40, module: 'told', stream: 'stdout', team: 'b', command: 'sh' });
    expect(await readdir(dir)).not.toContain('told.log');
    expect(await readdir(dir)).not.toContain('silent.log');
  });

  it('of several are in one row by their time, under names and globs, each line with its name', async () => {
    await Promise.all([whenThere('torn', 2), whenThere('web', 3)]);
    const { stdout } = await place.muster('logs', 'web', 't*n', 'merged');
    const rows = stdout.trimEnd().split('\n');
    expect(rows).toHaveLength(11);
    for (const row of rows) expect(row).toMatch(/^(?:web|torn|merged) *\| /);
    const records = await logs(['web', 't*n', 'merged']);
    const times = records.map(({ at }) => at ?? '');
    expect(times).toEqual([...times].sort());
  });

  it('26. can be followed, several at once, from what there is to what comes', async () => {
    const seen: LogRecord[] = [];
    const end = new AbortController();
    const following = daemon.ask(
      'muster.logs',
      { names: ['t?ck', 'gone'], follow: true },
      { signal: end.signal, onPart: (part) => void seen.push(...(part as LogRecord[])) },
    );
    const of = (name: string) => seen.filter((record) => record.name === name).map(({ text }) => text);
    await until(() => of('tick').length > 20 && of('tock').length > 20 && of('gone').length === 1, 'all of them were heard');
    end.abort();
    await following.catch(() => {});
    for (const name of ['tick', 'tock']) expect(of(name)).toEqual(of(name).map((_, index) => String(Number(of(name)[0]) + index)));
  });

  it('of a module that was removed can still be read, as it was', async () => {
    await whenThere('gone', 1);
    expect((await place.muster('remove', 'gone')).code).toBe(0);
    expect(await logs(['gone'])).toMatchObject([{ text: 'gone: I was here', level: 'info' }]);
    expect(await logs(['go?e'])).toHaveLength(1);
    expect((await place.muster('logs', 'nobody')).code).toBe(1);
  });

  it('take new settings while the program runs', async () => {
    const { pid } = await place.module('web');
    await place.write(
      'muster.yaml',
      config.replace('prefix: "web: "', 'prefix: "site: "').replace('stderrLevel: error', 'stderrLevel: debug'),
    );
    const { result } = await place.reload();
    expect(result.changes.filter(({ name }) => name === 'web')).toMatchObject([{ action: 'reconfigure' }]);
    expect((await place.module('web')).pid).toBe(pid);
    // What was written before keeps its level and prefix.
    expect((await logs(['web'])).map(({ text }) => text)).toContain('web: out');
  });
});

it('31. A hundred megabytes at full speed stay within their files, the last line is there, and the daemon keeps its size', async () => {
  const script =
    "const line = 'flood '.repeat(20) + '\\n'; const chunk = line.repeat(500); let left = 100e6;" +
    " const more = () => { while (left > 0) { left -= chunk.length; if (!process.stdout.write(chunk)) return process.stdout.once('drain', more); }" +
    " process.stdout.write('last line\\n'); setInterval(() => {}, 1e6); }; more();";
  await using place = await createPlace(`version: 1\nmodules:\n  small: {command: [sleep, "9999"]}\n`);
  await place.write('flood.js', script);
  await place.up();
  const daemon = await place.pid();
  const before = await rssOf(daemon);
  let most = before;
  await place.write(
    'muster.yaml',
    'version: 1\nmodules:\n  small: {command: [sleep, "9999"]}\n  flood: {command: [node, flood.js], log: {maxSize: 10M, keep: 5}}\n',
  );
  await place.reload();
  using asks = await talk(place);
  const last = async () => ((await asks.parts('muster.logs', { names: ['flood'], lines: 1 })) as LogRecord[][]).flat().at(-1)?.text;
  await until(
    async () => {
      most = Math.max(most, await rssOf(daemon));
      return (await last()) === 'last line';
    },
    'the last line is there',
    60_000,
  );
  const dir = join(place.stateDir, 'log');
  const files = (await readdir(dir)).filter((name) => name.startsWith('flood.log'));
  const sizes = await Promise.all(files.map(async (name) => (await stat(join(dir, name))).size));
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(64 * 1024 ** 2);
  expect(sizes.reduce((sum, size) => sum + size)).toBeGreaterThan(50 * 1024 ** 2);
  expect(most - before).toBeLessThan(100 * 1024 ** 2);
  const { stdout } = await place.muster('stats', 'flood');
  expect(JSON.parse(stdout).outputDropped).toBe(undefined);
});

it('On a full disk what runs goes on, its output is dropped and counted, and status says so until there is room again', async () => {
  await using place = await createPlace('version: 1\nmodules:\n  tick: {command: [sh, -c, "while :; do echo tick; sleep 0.05; done"]}\n');
  await place.up();
  using daemon = await talk(place);
  const { pid } = await place.module('tick');
  const limit = (bytes: string) => execFileSync('prlimit', ['--pid', String(daemonPid), `--fsize=${bytes}:`]);
  const logging = async () => (await daemon.muster('status', {})).conditions.find(({ type }) => type === 'Logging');
  const dropped = async () => Number(((await daemon.muster('stats', { name: 'tick' })) as Record<string, unknown>).outputDropped ?? 0);
  const { pid: daemonPid } = await daemon.muster('ping', {});
  expect(await logging()).toMatchObject({ status: true });
  limit('0');
  await until(async () => (await logging())?.status === false, 'status says so');
  expect(await logging()).toMatchObject({ reason: 'outputDropped', message: expect.stringContaining('output of tick is dropped') });
  const before = await dropped();
  await until(async () => (await dropped()) > before, 'more is counted');
  limit('unlimited');
  await until(async () => (await logging())?.status === true, 'there is room again');
  expect((await place.module('tick')).pid).toBe(pid);
  const records = (await daemon.parts('muster.logs', { names: ['tick'], lines: 1000 })) as LogRecord[][];
  expect(records.flat()).toContainEqual(
    expect.objectContaining({ stream: 'muster', text: expect.stringContaining('could not be written') }),
  );
});

async function rssOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}
