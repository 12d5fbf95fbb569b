import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Keeper } from '../../src/model/keeper.ts';
import { createSecretProgram, type SecretProgram } from '../../src/resolve/secret-program.ts';
import { createSecrets } from '../../src/resolve/secrets.ts';
import { clock, keeper, until } from '../keeper/support/keeper.ts';
import { remoteKeeper } from '../keeper/support/remote.ts';
import { configOf, entry, resolverIn, tempFolder, write } from './setting.ts';

const secretEntry = (reference: string) =>
  entry('web', 'command', { command: ['true'], cwd: '/', env: { TOKEN: { secret: reference }, PLAIN: 'x' } }, [['env', 'TOKEN']]);

let ids = 0;
const random = { id: () => `secret-${process.pid}-${++ids}` };
const programOf = (by: Keeper, timeoutMs?: number): SecretProgram =>
  createSecretProgram({
    keeper: by,
    clock,
    random,
    env: process.env,
    cwd: '/no/folder/any/more',
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });

test('the value of a secret is in the material and nowhere else', async () => {
  const folder = tempFolder({ token: 's3cret-value\n' });
  const resolver = resolverIn(folder);
  const desired = (await resolver.resolve(configOf([secretEntry(`file:${folder}/token`)]))).get('web');
  if (desired === undefined) throw new Error('web is missing');
  expect(desired.spec.env).toEqual({
    TOKEN: { secret: `file:${folder}/token`, fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/) },
    PLAIN: 'x',
  });
  expect(JSON.stringify(desired)).not.toContain('s3cret');
  expect((await resolver.material(desired)).env).toMatchObject({ TOKEN: 's3cret-value', PLAIN: 'x' });
  expect(resolver.knownSecrets()).toEqual(['s3cret-value']);
});

test('a rotated secret changes the digest, the same value does not', async () => {
  const folder = tempFolder({ token: 'first' });
  const resolver = resolverIn(folder);
  const config = configOf([secretEntry(`file:${folder}/token`)]);
  const first = (await resolver.resolve(config)).get('web');
  expect((await resolver.resolve(config)).get('web')).toBe(first);
  write(folder, { token: 'second' });
  const second = (await resolver.resolve(config)).get('web');
  expect(second?.specDigest).not.toBe(first?.specDigest);
  if (first === undefined) throw new Error('web is missing');
  expect((await resolver.material(first)).env.TOKEN).toBe('first');
});

test.each([
  ['env:SESAME', { SESAME: 'open' }, 'open'],
  ['exec:echo  two words', {}, 'two words'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is muster's template
  ['text:a ${SESAME}/${NONE:-none}/$$/$x', { SESAME: 'open' }, 'a open/none/$/$x'],
] as const)('%s is read', async (reference, env, value) => {
  const resolver = resolverIn(tempFolder(), { env: { PATH: process.env.PATH, ...env }, secretProgram: programOf(keeper().keeper) });
  const desired = await resolver.resolveOne(secretEntry(reference), null, []);
  expect(desired.problem).toBeUndefined();
  expect((await resolver.material(desired)).env.TOKEN).toBe(value);
});

test.each([
  ['env:NONE', 'ENOENT', 'the secret env.TOKEN cannot be read: the variable NONE is not set'],
  ['file:/no/such/file', 'ENOENT', 'the secret env.TOKEN cannot be read: the file /no/such/file does not exist'],
  ['exec:sh -c false', 'EFAILED', 'the secret env.TOKEN cannot be read: the program "sh" gave no secret: exited with code 1'],
  [
    'exec:/no/program',
    'EFAILED',
    'the secret env.TOKEN cannot be read: the program "/no/program" gave no secret: there is no command /no/program',
  ],
])('%s that cannot be read is a problem that names it', async (reference, code, message) => {
  const resolver = resolverIn(tempFolder(), { secretProgram: programOf(keeper().keeper) });
  const { problem } = await resolver.resolveOne(secretEntry(reference), null, []);
  expect(problem).toMatchObject({ code, message });
});

test('a program whose folder is gone runs all the same, and one that reads its input gets the end of it', async () => {
  expect(await programOf(keeper().keeper)(['pwd'])).toBe('/\n');
  expect(await programOf(keeper().keeper)(['cat'])).toBe('');
});

test('a program that gives nothing and does not let itself be ended is not waited for', async () => {
  const folder = tempFolder({ 'stubborn.sh': "trap '' TERM\nexec sleep 60\n" });
  const { keeper: by, open } = keeper();
  await expect(programOf(by, 300)(['sh', `${folder}/stubborn.sh`])).rejects.toMatchObject({
    code: 'EFAILED',
    message: 'the program "sh" gave no secret: no answer within 0.3 s',
  });
  await until(() => open.size === 0);
});

test('what a program has printed is no secret where a signal ended it, a real-time one too, and nothing it started lives on', async () => {
  const { keeper: by, open } = await remoteKeeper();
  const read = programOf(by);
  const folder = tempFolder({ 'dies.sh': 'echo half\nsleep 1000 &\nkill -$1 $$\nsleep 1000\n', 'leaves.sh': 'sleep 1000 &\necho whole\n' });
  const dies = (signal: string): Promise<string> => read(['sh', `${folder}/dies.sh`, signal]);
  await expect(dies('34')).rejects.toMatchObject({ code: 'EFAILED', message: 'the program "sh" gave no secret: killed by SIGRTMIN' });
  await expect(dies('50')).rejects.toThrow('killed by SIGRTMIN+16');
  await expect(dies('9')).rejects.toThrow('killed by SIGKILL');
  expect(await read(['sh', `${folder}/leaves.sh`])).toBe('whole\n');
  expect([...open.values()].map(({ name }) => name)).toEqual(['keeper:commands']);
});

test('a program of which nobody saw how it ended is asked once more', async () => {
  const { keeper: by } = keeper();
  let starts = 0;
  const read = programOf({
    ...by,
    async spawn(spec) {
      const child = await by.spawn(spec);
      starts += 1;
      return starts === 1 ? { ...child, exited: child.exited.then(() => ({ code: null, signal: null })) } : child;
    },
  });
  expect([await read(['echo', 'whole']), starts]).toEqual(['whole\n', 2]);
});

test('without anybody to run programs none is run, and one that stays the same is no change', async () => {
  const folder = tempFolder();
  const { pass } = createSecrets({ key: 'key', env: {}, program: null });
  const fingerprint = pass();
  const [first, again, other] = await Promise.all(
    [`touch ${folder}/ran`, `touch ${folder}/ran`, 'true'].map((line) => fingerprint(`exec:${line}`)),
  );
  expect([again === first, other === first, existsSync(`${folder}/ran`)]).toEqual([true, false, false]);
});

test('a secret in config is filled in for the module', async () => {
  const folder = tempFolder({ 'mod.js': 'exports.main = () => 1' });
  const resolver = resolverIn(folder, { env: { DB: 'postgres://pw' } });
  const mod = entry('mod', 'code', { module: `${folder}/mod.js`, config: { db: { url: { secret: 'env:DB' } }, list: [1] } }, [
    ['config', 'db', 'url'],
  ]);
  const desired = await resolver.resolveOne(mod, null, []);
  expect((await resolver.material(desired)).config).toEqual({ db: { url: 'postgres://pw' }, list: [1] });
});

test('a template keeps its default to itself, and the next daemon with the same key can still read it', async () => {
  const folder = tempFolder();
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is muster's template
  const declared = secretEntry('text:${NONE:-default-of-old}');
  const desired = await resolverIn(folder).resolveOne(declared, null, []);
  expect(JSON.stringify(desired)).not.toMatch(/default-of-old|NONE/);
  const next = resolverIn(folder);
  expect((await next.resolveOne(declared, null, [])).specDigest).toBe(desired.specDigest);
  const record = { ...desired, origin: 'config', generation: 1 } as const;
  expect((await next.restoreMaterial(record)).env.TOKEN).toBe('default-of-old');
});
