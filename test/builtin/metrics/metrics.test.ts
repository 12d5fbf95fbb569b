import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPlace, json, type Place } from '../../support/place.ts';
import { type Talk, talk } from '../../support/talk.ts';
import { parsed } from './parsed.ts';
import { promtoolCheck, promtoolReads, pythonReads } from './validators.ts';

const openMetrics = { accept: 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1' };
const token = 'x7-scrape-me-Q';

let place: Place;
let daemon: Talk;

beforeAll(async () => {
  place = await createPlace();
  await place.write('token', token);
  await write('{listen: "127.0.0.1:0"}');
  await place.up();
  daemon = await talk(place);
});

afterAll(async () => {
  daemon?.[Symbol.dispose]();
  await place?.[Symbol.asyncDispose]();
});

/** The metrics module with another config, or another entry; beside it one of each kind. */
async function write(config: string, entry = `{module: builtin:metrics, control: read, config: ${config}}`): Promise<void> {
  const others = '  sleep: {command: [sleep, "1000"]}\n  own: {module: builtin:heartbeat, isolation: process}\n  beat: builtin:heartbeat\n';
  await place.write('muster.yaml', `version: 1\nmodules:\n  metrics: ${entry}\n${others}`);
}

/** Puts a config in place; how that went, and where it listens now. */
async function become(config: string) {
  await write(config);
  const { ran, result } = await place.reload();
  return { code: ran.code, change: result.changes[0], url: await url() };
}

async function url(): Promise<string> {
  const { message } = (await place.module('metrics')).status;
  return /http:\/\/[^/]+/.exec(message)?.[0] ?? `nowhere: ${message}`;
}

const status = async (path: string, init?: RequestInit) => (await fetch(path, init)).status;

test('what it serves is OpenMetrics, and the older format, by the word of parsers of others', async ({ skip }) => {
  const path = `${await url()}/metrics`;
  const old = await fetch(path);
  expect(old.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const text = await old.text();
  const families = new Map(parsed(text).map((family) => [family.name, family]));
  const figure = (name: string, module: string) => families.get(name)?.metrics.find(({ labels }) => labels?.module === module)?.value;
  expect(families.get('muster_build_info')?.metrics[0]).toMatchObject({ value: '1', labels: { version: expect.any(String) } });
  expect(families.get('muster_last_reconcile_outcome')?.metrics).toContainEqual({ value: '1', labels: { outcome: 'applied' } });
  for (const name of ['muster_config_valid', 'muster_synced', 'muster_healthy', 'muster_generation', 'muster_serial']) {
    expect([name, families.get(name)?.metrics]).toEqual([name, [{ value: '1' }]]);
  }
  expect(Number(figure('muster_module_memory_bytes', 'own'))).toBeGreaterThan(1e6);
  expect(Number(figure('muster_module_memory_bytes', 'sleep'))).toBeGreaterThan(1e4);
  expect(Number(figure('muster_module_cpu_seconds_total', 'beat'))).toBeGreaterThan(0);
  expect(Number(figure('muster_module_cpu_seconds_total', 'own'))).toBeGreaterThan(0);
  expect(figure('muster_module_output_bytes_total', 'sleep')).toBe('0');
  expect(figure('muster_module_memory_bytes', 'beat')).toBeUndefined();
  const { pid } = await place.module('beat');
  expect(families.get('muster_runner_modules')?.metrics).toEqual([{ value: '2', labels: { pid: String(pid) } }]);
  expect(Number(families.get('muster_daemon_memory_bytes')?.metrics[0]?.value)).toBeGreaterThan(1e7);
  const starts = text.match(/^muster_module_start_duration_seconds_count\{.*$/gm);
  expect(starts).toEqual([
    'muster_module_start_duration_seconds_count{kind="code",outcome="ok"} 3',
    'muster_module_start_duration_seconds_count{kind="command",outcome="ok"} 1',
  ]);

  const fresh = await fetch(path, { headers: openMetrics });
  expect(fresh.headers.get('content-type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
  const newer = await fresh.text();
  expect(newer.endsWith('\n# EOF\n')).toBe(true);
  const judged = [promtoolCheck(text), promtoolReads(newer, place.dir), pythonReads(newer)];
  expect(judged.flatMap((each) => (each === null || each.exit === 0 ? [] : [each]))).toEqual([]);
  // It has nothing to find fault with either.
  expect(judged[0]?.says ?? '').toBe('');
  skip(judged.includes(null), 'not all who are to judge it can be had here');
});

test('curl gets every page, and an answer that helps for everything else', async ({ skip }) => {
  skip(spawnSync('curl', ['--version']).status !== 0, 'no curl here');
  const base = await url();
  const curl = (...args: string[]) => {
    const { stdout } = spawnSync('curl', ['-s', '-w', '\n%{http_code}', ...args], { encoding: 'utf8' });
    return stdout.split('\n');
  };
  expect(curl(`${base}/healthz`)).toEqual(['ok', '', '200']);
  expect(curl(`${base}/readyz`)).toEqual(['ok', '', '200']);
  expect(curl(`${base}/`)).toEqual(['nothing is here; there are /metrics, /healthz, /readyz, /status', '', '404']);
  expect(curl('-X', 'DELETE', `${base}/metrics`)).toEqual(['only GET and HEAD are taken here', '', '405']);
  expect(curl('-I', `${base}/status`).join('\n')).toMatch(/content-type: application\/json/i);
  const doc = JSON.parse(curl(`${base}/status`).slice(0, -1).join('\n'));
  expect(doc).toMatchObject({
    formatVersion: '1.0',
    synced: true,
    healthy: true,
    generation: 1,
    hosts: {},
    modules: { beat: { state: 'R' } },
  });
});

test('each setting changes while it runs: the address, the token, who may ask, what paths begin with', async () => {
  const before = await url();
  const since = (await place.module('metrics')).startedAt;
  const guarded = await become(`{listen: "127.0.0.1:0", token: {secret: "file:${place.dir}/token"}, prefix: /muster}`);
  expect([guarded.code, guarded.change?.action]).toEqual([0, 'reconfigure']);
  const path = `${guarded.url}/muster/metrics`;
  expect(guarded.url).toBe(before);
  expect([await status(path), await status(path, { headers: { authorization: `Bearer ${token}x` } })]).toEqual([401, 401]);
  expect(await status(path, { headers: { authorization: `bearer ${token}` } })).toBe(200);
  expect(await status(`${guarded.url}/metrics`, { headers: { authorization: `Bearer ${token}` } })).toBe(404);
  const refused = await fetch(path);
  expect([refused.headers.get('www-authenticate'), await refused.text()]).toEqual([
    'Bearer realm="muster"',
    'a token is wanted: Authorization: Bearer TOKEN\n',
  ]);
  for (const shown of [
    ['list', '--json'],
    ['info', '--json', 'metrics'],
    ['request', 'muster.metrics'],
  ]) {
    expect((await place.muster(...shown)).stdout).not.toContain(token);
  }

  const elsewhere = await become('{listen: "127.0.0.2:0", allow: [10.0.0.0/8]}');
  expect(elsewhere.url).toMatch(/127\.0\.0\.2/);
  await expect(fetch(`${before}/healthz`)).rejects.toThrow();
  const forbidden = await fetch(`${elsewhere.url}/healthz`);
  expect([forbidden.status, await forbidden.text()]).toEqual([
    403,
    expect.stringMatching(/^127\.0\.0\.\d may not ask here: config\.allow of this module does not name it\n$/),
  ]);
  const allowed = await become('{listen: "127.0.0.2:0", allow: [10.0.0.0/8, 127.0.0.0/8]}');
  expect([allowed.url, await status(`${allowed.url}/healthz`)]).toEqual([elsewhere.url, 200]);
  // From one address to all of them with the same port: the old one has to go first.
  const { port } = new URL(allowed.url);
  const wider = await become(`{listen: "0.0.0.0:${port}", allow: [127.0.0.0/8]}`);
  expect([wider.code, await status(`http://127.0.0.1:${port}/healthz`)]).toEqual([0, 200]);
  expect((await place.module('metrics')).startedAt).toBe(since);
});

test('a config that does not work is refused with the reason, and the old one serves on', async () => {
  const before = await become('{listen: "127.0.0.1:0"}');
  const elsewhere = await become('{listen: "192.0.2.1:1", allow: [10.0.0.0/8]}');
  const why = 'this machine has no such address (EADDRNOTAVAIL)';
  expect(elsewhere.change).toMatchObject({ status: 'reverted', error: { message: expect.stringContaining(why) } });
  expect([elsewhere.url, await status(`${before.url}/healthz`)]).toEqual([before.url, 200]);
  for (const [config, wrong] of [
    ['{listen: "0.0.0.0:0"}', 'can be reached from other machines'],
    ['{listen: "127.0.0.1:0", alow: []}', 'did you mean allow?'],
  ] as const) {
    await write(config);
    const { ran, result } = await place.reload();
    expect([ran.code, result.diagnostics]).toEqual([1, [expect.objectContaining({ message: expect.stringContaining(wrong) })]]);
    expect([await url(), await status(`${before.url}/healthz`)]).toEqual([before.url, 200]);
  }
});

test('it says what it needs where it may not look at the daemon', async () => {
  const ran = await place.muster('load', '--name', 'blind', '--config', '{"listen":"127.0.0.1:0"}', '--json', 'builtin:metrics');
  expect(ran.code).toBe(4);
  expect(json(ran)).toMatchObject({ changes: [{ status: 'failed', error: { message: expect.stringContaining('needs control: read') } }] });
});

test('muster.metrics counts starts, reloads and messages, and begins anew with the daemon', async () => {
  await daemon.muster('reload', { name: 'beat', force: true });
  const doc = await daemon.muster('metrics', {});
  expect(doc).toMatchObject({ formatVersion: '1.0', at: expect.any(String), reconciles: { applied: expect.any(Number) } });
  expect(doc.reloads).toMatchObject([{ kind: 'code', outcome: 'ok', seconds: { count: 1 } }]);
  const { seconds } = doc.reloads[0] ?? {};
  expect(seconds?.sum).toBeGreaterThan(0);
  expect(seconds?.counts).toHaveLength((seconds?.bounds.length ?? 0) + 1);
  const rows = new Map(doc.modules.map((row) => [row.name, row]));
  expect(rows.get('metrics')).toMatchObject({ state: 'R', status: { level: 'info' }, held: false, host: null });
  expect(rows.get('metrics')?.tx?.request).toBeGreaterThan(0);
  const { pid } = await place.module('sleep');
  expect(rows.get('sleep')).toMatchObject({ kind: 'command', outputBytes: 0, pid });
  expect(rows.get('sleep')).not.toHaveProperty('tx');
});
