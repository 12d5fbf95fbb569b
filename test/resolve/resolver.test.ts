import { chmodSync, existsSync, readFileSync, renameSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Desired, Entry } from '../../src/model/module.ts';
import type { Resolver } from '../../src/resolve/resolver.ts';
import { configOf, entry, resolverIn, tempFolder, write } from './setting.ts';

const greeter = `import { word } from './words.ts';
enum Tone { Loud = 1 }
export async function main(ctx: { run(): Promise<void> }) { await ctx.run(); }
export const tone: number = Tone.Loud, said = word;
`;

async function one(resolver: Resolver, what: Entry, modulePath: readonly string[] = []): Promise<Desired> {
  const desired = (await resolver.resolve(configOf([what], modulePath))).get(what.name);
  if (desired === undefined) throw new Error(`${what.name} is not in the answer`);
  return desired;
}

test('a command has no code, keeps the digest of its entry, and is the same object as long as nothing changed', async () => {
  const folder = tempFolder();
  const resolver = resolverIn(folder);
  const sleep = entry('nap', 'command', { command: ['sleep', '1'], cwd: folder });
  const first = await one(resolver, sleep);
  expect(first).toMatchObject({ name: 'nap', path: 'sleep', codeDigest: null, specDigest: sleep.digest });
  expect(first.problem).toBeUndefined();
  expect(await one(resolver, sleep)).toBe(first);
});

test('a module that moved within its file is the same but for its place', async () => {
  const folder = tempFolder();
  const resolver = resolverIn(folder);
  const sleep = entry('nap', 'command', { command: ['sleep', '1'], cwd: folder });
  const before = await resolver.resolve(configOf([sleep], [], 1));
  const after = await resolver.resolve(configOf([sleep], [], 9));
  expect(after.get('nap')).toEqual({ ...before.get('nap'), source: { file: '/muster.yaml', line: 9, column: 3 } });
});

test('the code digest covers the file, its local imports and files, but not where they lie or when they were written', async () => {
  const files = { 'greeter.ts': greeter, 'words.ts': "export const word = 'hi';", 'words.txt': 'hello' };
  const [here, there] = [tempFolder(files), tempFolder(files)];
  const resolver = resolverIn(here);
  const of = (folder: string): Entry => entry('greeter', 'code', { module: `${folder}/greeter.ts`, files: [`${folder}/words.txt`] });
  const hereEntry = of(here);
  const { codeDigest } = await one(resolver, hereEntry);
  expect(codeDigest).toMatch(/^[0-9a-f]{64}$/);
  expect((await one(resolver, of(there))).codeDigest).toBe(codeDigest);

  utimesSync(join(here, 'greeter.ts'), 1, 1);
  expect((await one(resolver, hereEntry)).codeDigest).toBe(codeDigest);
  write(here, { 'words.txt': 'HELLO' });
  const withOtherFile = (await one(resolver, hereEntry)).codeDigest;
  expect(withOtherFile).not.toBe(codeDigest);
  write(here, { 'words.ts': "export const word = 'ho';" });
  expect((await one(resolver, hereEntry)).codeDigest).not.toBe(withOtherFile);
});

test('a link that is pointed at another folder is other code', async () => {
  const folder = tempFolder({
    'v1/mod.ts': "export { word } from './words.ts'",
    'v1/words.ts': 'export const word = 1',
    'v2/mod.ts': "export { word } from './words.ts'",
    'v2/words.ts': 'export const word = 2',
  });
  symlinkSync('v1', join(folder, 'now'));
  const resolver = resolverIn(folder);
  const linked = entry('linked', 'code', { module: `${folder}/now/mod.ts` });
  const { codeDigest } = await one(resolver, linked);
  symlinkSync('v2', join(folder, 'next'));
  renameSync(join(folder, 'next'), join(folder, 'now'));
  expect((await one(resolver, linked)).codeDigest).not.toBe(codeDigest);
});

test('the material of a module is its compiled code in the state dir, readable by its owner alone', async () => {
  const folder = tempFolder({ 'greeter.ts': greeter, 'words.ts': "export const word = 'hi';" });
  const resolver = resolverIn(folder);
  const desired = await one(
    resolver,
    entry('greeter', 'code', { module: `${folder}/greeter.ts`, env: { A: '1', HOME: null }, config: { a: [1] } }),
  );
  const { codeFile, env, config } = await resolver.material(desired);
  expect(codeFile).toBe(`${folder}/state/code/${desired.codeDigest}.cjs`);
  expect(statSync(codeFile ?? '').mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(`${codeFile}.map`, 'utf8'))).toMatchObject({ sources: ['greeter.ts', 'words.ts'] });
  expect(env).toEqual({ PATH: process.env.PATH, A: '1' });
  expect(config).toEqual({ a: [1] });
});

test('code that was loaded stays loadable after its file changed', async () => {
  const folder = tempFolder({ 'mod.js': 'exports.main = () => 1' });
  const resolver = resolverIn(folder);
  const desired = await one(resolver, entry('mod', 'code', { module: `${folder}/mod.js` }));
  const { codeFile } = await resolver.material(desired);
  write(folder, { 'mod.js': 'exports.main = () => 2' });
  const record = { ...desired, origin: 'config', generation: 1 } as const;
  expect((await resolver.restoreMaterial(record)).codeFile).toBe(codeFile);
});

test('compiled code that was damaged in the state dir is compiled again', async () => {
  const folder = tempFolder({ 'mod.js': 'exports.main = () => 1' });
  const desired = await one(resolverIn(folder), entry('mod', 'code', { module: `${folder}/mod.js` }));
  const whole = readFileSync((await resolverIn(folder).material(desired)).codeFile ?? '');
  const flipped = Buffer.from(whole);
  flipped[20] = (flipped[20] ?? 0) ^ 1;
  for (const damaged of [whole.subarray(0, 20), Buffer.alloc(0), Buffer.alloc(whole.length), flipped, Buffer.concat([whole, flipped])]) {
    const { codeFile } = await resolverIn(folder).material(desired);
    writeFileSync(codeFile ?? '', damaged);
    await resolverIn(folder).restoreMaterial({ ...desired, origin: 'config', generation: 1 });
    expect(readFileSync(codeFile ?? '').equals(whole)).toBe(true);
  }
});

test('compiled code that nobody can go back to is removed, but not what was written just now', async () => {
  const folder = tempFolder({ 'a.js': 'exports.main = () => 1', 'b.js': 'exports.main = () => 2', 'c.js': 'exports.main = () => 3' });
  const resolver = resolverIn(folder);
  const [a, b, c] = await Promise.all(
    ['a', 'b', 'c'].map(async (name) => {
      const desired = await resolver.resolveOne(entry(name, 'code', { module: `${folder}/${name}.js` }), null, []);
      return { ...desired, ...(await resolver.material(desired)) };
    }),
  );
  for (const file of [a?.codeFile, b?.codeFile]) utimesSync(file ?? '', 1, 1);
  await resolver.pruneCode(new Set([a?.codeDigest ?? '']));
  expect([a, b, c].map((one) => existsSync(one?.codeFile ?? ''))).toEqual([true, false, true]);
});

test('code that changed between plan and start is refused rather than started unplanned', async () => {
  const folder = tempFolder({ 'mod.js': 'exports.main = () => 1' });
  const planned = await one(resolverIn(folder), entry('mod', 'code', { module: `${folder}/mod.js` }));
  write(folder, { 'mod.js': 'exports.main = () => 2' });
  await expect(resolverIn(folder).material(planned)).rejects.toMatchObject({ code: 'ESTALE' });
});

test('top-level await and syntax errors are problems with their place', async () => {
  const folder = tempFolder({
    'await.mjs': 'export const a = 1;\n  await null;\nexport function main() {}',
    'bad.ts': 'export function (',
  });
  const resolver = resolverIn(folder);
  const awaits = await one(resolver, entry('awaits', 'code', { module: `${folder}/await.mjs` }));
  expect(awaits.problem).toMatchObject({ code: 'EINVAL', message: expect.stringContaining(`${folder}/await.mjs:2:3: top-level await`) });
  const bad = await one(resolver, entry('bad', 'code', { module: `${folder}/bad.ts` }));
  expect(bad.problem).toMatchObject({ code: 'EINVAL', message: expect.stringMatching(/bad\.ts:1:\d+: /) });
});

test('a bare name is looked up on the module path, and what is not there is said with the folders searched', async () => {
  const folder = tempFolder({
    'lib/tiny.mjs': 'export function main() {}',
    'lib/pack/package.json': '{"main":"src/x.ts"}',
    'lib/pack/src/x.ts': '',
  });
  const resolver = resolverIn(folder);
  const path = [`${folder}/none`, `${folder}/lib`];
  expect((await one(resolver, entry('tiny', 'code', { module: 'tiny' }), path)).path).toBe(`${folder}/lib/tiny.mjs`);
  expect((await one(resolver, entry('pack', 'code', { module: 'pack' }), path)).path).toBe(`${folder}/lib/pack/src/x.ts`);
  const { problem } = await one(resolver, entry('gone', 'code', { module: 'gone' }), path);
  expect(problem).toMatchObject({ code: 'ENOENT', message: `no module "gone" in ${path.join(', ')}` });
});

test('an unknown builtin module is refused with those that there are', async () => {
  const folder = tempFolder({ 'builtin/pulse.js': 'export function main() {}' });
  const resolver = resolverIn(folder);
  expect((await one(resolver, entry('a', 'code', { module: 'builtin:pulse' }))).path).toBe('builtin:pulse');
  const { problem } = await one(resolver, entry('b', 'code', { module: 'builtin:puls' }));
  expect(problem?.message).toBe('no builtin module "puls"; there are: pulse');
});

test('a missing program, one that is not executable, a bad folder and a bad interpreter are four problems', async () => {
  const folder = tempFolder({ plain: 'text', script: '#!/no/such/interpreter\n' });
  chmodSync(join(folder, 'script'), 0o755);
  const resolver = resolverIn(folder);
  const messages = await Promise.all(
    [
      { command: ['no-such-program'], cwd: folder },
      { command: ['./plain'], cwd: folder },
      { command: ['true'], cwd: `${folder}/none` },
      { command: [`${folder}/script`], cwd: folder },
    ].map(async (written, index) => (await one(resolver, entry(`c${index}`, 'command', written))).problem?.message),
  );
  expect(messages[0]).toContain('there is no command "no-such-program" in ');
  expect(messages[1]).toBe(`the command ${folder}/plain is not executable`);
  expect(messages[2]).toBe(`the working folder ${folder}/none does not exist`);
  expect(messages[3]).toContain('the interpreter /no/such/interpreter of');
});

test('an argument that is longer than the system takes is a problem, before anything is stopped for it', async () => {
  const folder = tempFolder();
  const resolver = resolverIn(folder);
  const echo = (bytes: number) => entry(`e${bytes}`, 'command', { command: ['true', 'ü'.repeat(bytes / 2)], cwd: folder });
  expect((await one(resolver, echo(131_070))).problem).toBeUndefined();
  expect((await one(resolver, echo(131_072))).problem).toMatchObject({
    code: 'E2BIG',
    message: 'argument 1 of true is longer than 131071 bytes',
  });
});

test('a problem is gone once what it was about is there', async () => {
  const folder = tempFolder();
  const resolver = resolverIn(folder);
  const late = entry('late', 'code', { module: `${folder}/late.mjs` });
  expect((await one(resolver, late)).problem?.code).toBe('ENOENT');
  write(folder, { 'late.mjs': 'export function main() {}' });
  expect((await one(resolver, late)).problem).toBeUndefined();
});

test('a module with other arguments than declared is the same code under another digest', async () => {
  const folder = tempFolder({ 'mod.js': 'exports.main = () => 1' });
  const resolver = resolverIn(folder);
  const declared = await one(resolver, entry('mod', 'code', { module: `${folder}/mod.js`, args: ['a'] }));
  const other = await resolver.respec(declared, { ...declared.spec, args: ['b'] });
  expect(other.codeDigest).toBe(declared.codeDigest);
  expect(other.specDigest).toBe(entry('mod', 'code', { module: `${folder}/mod.js`, args: ['b'] }).digest);
  expect((await resolver.material(other)).codeFile).toBe((await resolver.material(declared)).codeFile);
});

test('a disabled module asks nothing of the world', async () => {
  const resolver = resolverIn(tempFolder());
  expect((await one(resolver, entry('off', 'code', { module: '/no/such/file.ts', disabled: true }))).problem).toBeUndefined();
});

test('a second look at 10,000 unchanged modules takes a fraction of a second', async () => {
  const files = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`m${index}.js`, `exports.main = () => ${index}`]));
  const folder = tempFolder(files);
  const resolver = resolverIn(folder);
  const entries = Array.from({ length: 10_000 }, (_, index) =>
    index % 2 === 0
      ? entry(`c${index}`, 'command', { command: ['sleep', String(index)], cwd: folder })
      : entry(`m${index}`, 'code', { module: `${folder}/m${index % 20}.js` }),
  );
  const config = configOf(entries);
  const first = await resolver.resolve(config);
  await new Promise((resolve) => setTimeout(resolve, 60)); // files younger than that are read again
  await resolver.resolve(config);
  const looks: number[] = [];
  for (let time = 0; time < 3; time += 1) {
    const before = process.cpuUsage();
    const second = await resolver.resolve(config);
    const { user, system } = process.cpuUsage(before);
    expect([...second.values()].every((desired) => desired === first.get(desired.name))).toBe(true);
    looks.push((user + system) / 1000);
  }
  expect(Math.min(...looks)).toBeLessThan(200);
});

test('two writes of equal length within one tick of the clock are told apart', async () => {
  const folder = tempFolder();
  const resolver = resolverIn(folder);
  const quick = entry('quick', 'code', { module: `${folder}/quick.js` });
  const digests = new Set<string | null>();
  for (let n = 0; n < 10; n += 1) {
    write(folder, { 'quick.js': `exports.main = () => ${n}` });
    digests.add((await one(resolver, quick)).codeDigest);
  }
  expect(digests.size).toBe(10);
});
