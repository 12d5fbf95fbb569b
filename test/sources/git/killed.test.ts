import { cpSync, promises, readFileSync, rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { SpawnSpec } from '../../../src/model/keeper.ts';
import { keeper } from '../../keeper/support/keeper.ts';
import { config, repository, rubbish, sourceOf, tempDir } from './support.ts';

/** From its step `at` on nothing that a source does to the disk comes back: as if its daemon had been killed then. */
function killedAt(at: number) {
  const changing = ['rename', 'rm', 'mkdir', 'symlink', 'writeFile', 'open'] as const;
  const own = Object.fromEntries(changing.map((name) => [name, promises[name]]));
  let steps = 0;
  let dead = (): void => {};
  const died = new Promise<void>((resolve) => {
    dead = resolve;
  });
  const step = (): boolean => {
    steps += 1;
    if (steps >= at) dead();
    return steps < at;
  };
  const never = new Promise<never>(() => {});
  const patched = (name: (typeof changing)[number]) =>
    Object.assign(promises, { [name]: (...args: unknown[]) => (step() ? (own[name] as (...args: unknown[]) => unknown)(...args) : never) });
  for (const name of changing) patched(name);
  syncBuiltinESMExports();
  const mend = (): void => {
    Object.assign(promises, own);
    syncBuiltinESMExports();
  };
  onTestFinished(mend);
  return { died, step, never, mend };
}

test('whenever a daemon is killed, the one revision or the other is there whole, and the next daemon goes on', async () => {
  const dir = tempDir();
  const { bare, commit } = repository(dir);
  const files = (turn: number) =>
    Object.fromEntries([['muster.yaml', config], ...Array.from({ length: 20 }, (_, at) => [`code/${at}`, `${turn}\n`])]);
  const first = commit(files(1));
  const base = await sourceOf({ url: bare });
  await base.source.sync({ applied: null });
  await base.source.close();
  const second = commit(files(2));
  const turnOf = (own: string): string => {
    const texts = Array.from({ length: 20 }, (_, at) => readFileSync(join(own, 'current/code', String(at)), 'utf8').trim());
    expect(readFileSync(join(own, 'current/muster.yaml'), 'utf8')).toBe(config);
    return [...new Set(texts)].join();
  };
  const seen = new Set<string>();
  // Every fifth of its steps, others each time.
  const begin = 1 + (Date.now() % 5);
  let over = false;
  for (let at = begin; !over; at += 5) {
    const own = join(dir, `own-${at}`);
    cpSync(base.dir, own, { recursive: true, verbatimSymlinks: true });
    const processes = keeper();
    const kill = killedAt(at);
    const spawn = (spec: SpawnSpec) => (kill.step() ? processes.keeper.spawn(spec) : processes.keeper.spawn(spec).then(() => kill.never));
    const { source } = await sourceOf({ url: bare }, { dir: own, keeper: { spawn }, mortal: true });
    const done = source.sync({ applied: first }).then(() => 'done');
    over = (await Promise.race([done, kill.died])) === 'done';
    await processes.keeper.dispose();
    kill.mend();
    seen.add(turnOf(own));
    const next = await sourceOf({ url: bare }, { dir: own });
    const { doc } = await next.source.sync({ applied: first });
    expect(doc, `killed at step ${at}`).toMatchObject({ revision: second, problem: null });
    expect(turnOf(own)).toBe('2');
    expect(rubbish(own), `killed at step ${at}`).toEqual([]);
    rmSync(own, { recursive: true });
  }
  expect([...seen].sort()).toEqual(['1', '2']);
});
