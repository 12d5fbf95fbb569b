import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Spec } from '../../src/model/fields/table.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { LoadedState, StateDoc } from '../../src/model/state-doc.ts';
import { version } from '../../src/model/version.ts';
import { planFiles } from '../../src/offline/main.ts';
import { maskedAlike } from '../../src/offline/masked-alike.ts';
import { documentChecksum } from '../../src/plan/checksum.ts';
import { createDaemon, type Daemon } from './daemon.ts';

const env = { PATH: process.env.PATH ?? '' };
let daemon: Daemon;
let folder: string;
beforeAll(async () => {
  [daemon, folder] = [await createDaemon(env), await mkdtemp(join(tmpdir(), 'muster-elsewhere-'))];
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const config = (modules: string): string => `version: 1\npolicy: {watch: off}\nmodules:\n${modules}`;

/** The plan of a config in a folder of its own, against the state of one that was applied, changed as told. */
async function planned(applied: string, next: string, change: (state: StateDoc) => StateDoc): Promise<Plan> {
  const files = { 'code.mjs': 'export const main = () => 1;\n', 'note.txt': 'x\n' };
  await daemon.write({ 'muster.yaml': config(applied), ...files });
  expect(await daemon.reconcile()).toMatchObject({ exitCode: 0 });
  const { checksum, ...state } = change(daemon.export());
  await writeFile(join(folder, 'state.json'), JSON.stringify({ ...state, checksum: documentChecksum(state) }));
  for (const [file, text] of Object.entries({ ...files, 'muster.yaml': config(next) })) await writeFile(join(folder, file), text);
  const at = { env, cwd: folder, home: folder, uid: 1000 };
  return planFiles({ base: [join(folder, 'state.json')], files: [join(folder, 'muster.yaml')] }, {}, at);
}

const done = ({ changes }: Plan): string[] => changes.map(({ action, name }) => `${action} ${name}`);
const codes = ({ diagnostics }: Plan): string[] => diagnostics.map(({ code }) => code);
const one = (state: StateDoc, name: string, change: Partial<LoadedState>): StateDoc => ({
  ...state,
  modules: state.modules.map((module) => (module.name === name ? { ...module, ...change } : module)),
});

test('code and files that lie elsewhere on that machine are taken as they are loaded', async () => {
  const away = `  far: {module: ${join(tmpdir(), 'nowhere-at-all/x.mjs')}}\n  near: ./code.mjs\n  lists: {command: [sleep, "1"], files: [/etc/hostname, ./note.txt]}\n`;
  const plan = await planned(
    '  near: ./code.mjs\n  lists: {command: [sleep, "1"], files: [/etc/hostname, ./note.txt]}\n',
    away,
    (state) => state,
  );
  expect(done(plan)).toEqual(['load far']);
  expect(codes(plan)).toEqual(['codeNotCompared']);
  expect(plan.diagnostics[0]?.message).toMatch(/: far, lists$/);
});

test('what comes with another version of muster is not what comes with this one', async () => {
  const builtin = (state: StateDoc): StateDoc => {
    const [near] = state.modules;
    const spec = { ...near?.spec, module: 'builtin:heartbeat' } as Spec;
    return { ...one(state, 'near', { spec, path: 'builtin:heartbeat', codeDigest: 'theirs' }), version: '99.0.0' };
  };
  const plan = await planned('  near: ./code.mjs\n', '  near: builtin:heartbeat\n', builtin);
  expect([done(plan), codes(plan)]).toEqual([[], ['codeNotCompared', 'otherVersion']]);
  expect(plan.diagnostics[1]?.message).toBe(`the state is of muster 99.0.0, and the plan of ${version}`);
});

test('a package is the same where the config asks for the same, each of its programs too', async () => {
  const packaged =
    (app?: string) =>
    (state: StateDoc): StateDoc => {
      const [near] = state.modules;
      const { module, threadGroup, isolation, runner, maxHeap, ...common } = { ...near?.spec } as unknown as Record<string, unknown>;
      const spec = { ...common, package: 'p@^1', allowScripts: false, args: ['from-package'], ...(app === undefined ? {} : { app }) };
      const name = app === undefined ? 'near' : `near.${app}`;
      return one(state, 'near', {
        name,
        kind: 'package',
        spec: { ...spec } as never,
        path: '/packages/p/main.js',
        version: '1.2.3',
        codeDigest: 'd',
      });
    };
  const same = await planned('  near: ./code.mjs\n', '  near: {package: "p@^1"}\n', packaged());
  expect(same.changes.filter(({ fields }) => fields.some(({ path }) => /package|version|path|code/.test(path)))).toEqual([]);
  expect(codes(same)).toEqual(['packagesNotCompared']);
  const several = await planned('  near: ./code.mjs\n', '  near: {package: "p@^1"}\n', packaged('api'));
  expect(several.changes.map(({ name }) => name).filter((name) => name !== 'near.api')).toEqual([]);
  const other = await planned('  near: ./code.mjs\n', '  near: {package: "p@^2"}\n', packaged());
  expect(done(other)).toEqual(['reload near']);
  expect(other.changes[0]?.fields.map(({ path }) => path)).toContain('package');
});

test('what was masked is compared as far as it is seen', async () => {
  expect(maskedAlike({ a: ['--t=***', 'x***y***z', '***'] }, { a: ['--t=abc', 'x1y2z', 'all'] })).toEqual({
    a: ['--t=***', 'x***y***z', '***'],
  });
  const others = { a: ['--u=abc', 'x1z', 'xz'], b: '***' };
  expect(maskedAlike({ a: ['--t=***', 'x***y***z', 'x***y***'], b: 1 }, others)).toEqual(others);
});

test('no program is run for a secret', async () => {
  const asks = `  near: ./code.mjs\n  asks: {command: [sleep, "1"], env: {T: {secret: "exec:touch ${folder}/ran"}}}\n`;
  expect(done(await planned('  near: ./code.mjs\n', asks, (state) => state))).toEqual(['load asks']);
});

test('nothing is written where it is planned but what was there', async () => {
  expect((await readdir(folder)).sort()).toEqual(['code.mjs', 'muster.yaml', 'note.txt', 'state.json']);
});
