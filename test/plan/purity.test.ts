import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { deepFreeze } from '../../src/model/canonical.ts';
import { plan } from '../../src/plan/plan.ts';
import { bundle } from './support/bundle.ts';
import { planInput } from './support/input.ts';
import { desired, loaded } from './support/modules.ts';

/** Takes away what a planner could act with, plans, and prints the plan. */
const trap = `
import { syncBuiltinESMExports } from 'node:module';
import fs from 'node:fs';
import net from 'node:net';
import dgram from 'node:dgram';
import childProcess from 'node:child_process';
import workers from 'node:worker_threads';
const { plan } = await import('./plan.mjs');
const { input } = await import('./input.mjs');
const write = process.stdout.write.bind(process.stdout);
const forbid = (object, names) => { for (const name of names) object[name] = () => { throw new Error('forbidden: ' + name); }; };
forbid(fs, Object.keys(fs).filter((name) => typeof fs[name] === 'function'));
forbid(net, ['connect', 'createConnection', 'createServer', 'Socket']);
forbid(dgram, ['createSocket']);
forbid(childProcess, Object.keys(childProcess));
forbid(workers, ['Worker']);
forbid(Date, ['now']);
forbid(Math, ['random']);
forbid(globalThis, ['fetch', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']);
forbid(process, ['kill', 'exit', 'chdir', 'cwd']);
syncBuiltinESMExports();
write(JSON.stringify(plan(input)));
`;

const given = {
  desired: [desired('a', { args: ['x'] }), desired('b', { requires: ['a'] }), desired('new', { renamedFrom: 'old' })],
  loaded: [loaded('a'), loaded('old'), loaded('c', { requires: ['a'] }), loaded('hand', { origin: 'manual' })],
  holds: [{ name: 'b', reason: 'INC-1', since: 0, until: null }],
};

test('a plan is made without a disk, a network, a process, a clock or chance, and is the same there', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'muster-plan-'));
  try {
    await writeFile(join(folder, 'plan.mjs'), await bundle('src/plan/plan.ts'));
    await writeFile(join(folder, 'input.mjs'), inputModule());
    await writeFile(join(folder, 'main.mjs'), trap);
    expect(JSON.parse(await outputOf(join(folder, 'main.mjs')))).toEqual(JSON.parse(JSON.stringify(plan(planInput(given)))));
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('the input is not changed', () => {
  const input = planInput(given);
  const sizes = [input.desired.size, input.loaded.size, input.request.again.size];
  const [first, second] = [plan(deepFreeze(input)), plan(input)];
  expect(second).toEqual(first);
  expect([input.desired.size, input.loaded.size, input.request.again.size]).toEqual(sizes);
});

/** The input as code, with its maps and sets. */
function inputModule(): string {
  const { desired: wanted, loaded: running, request, env, ...rest } = planInput(given);
  const { scope, again, drop, ...asked } = request;
  const map = (modules: ReadonlyMap<string, unknown>): string => `new Map(${JSON.stringify([...modules])})`;
  return `export const input = {...${JSON.stringify(rest)}, desired: ${map(wanted)}, loaded: ${map(running)}, env: new Set(${JSON.stringify([...env])}),
    request: {...${JSON.stringify(asked)}, scope: ${scope === null ? 'null' : 'new Set()'}, again: new Set(${JSON.stringify([...again])}), drop: new Set(${JSON.stringify([...drop])})}};`;
}

function outputOf(file: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(out) : reject(new Error(err))));
  });
}
