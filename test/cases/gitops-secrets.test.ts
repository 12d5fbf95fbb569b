import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LogRecord } from '../../src/model/documents.ts';
import { createPlace, type Place, type Ran, until } from '../support/place.ts';
import { leakOf, ways } from '../support/secret-ways.ts';
import { seedOf } from '../support/seeded.ts';
import { talk } from '../support/talk.ts';

/** Where secrets stand, by what kind of thing they are. SECRETS_SEED=N tries others. */
const seed = seedOf('SECRETS_SEED');
const awkward = '"\'`\\/%+&<>#$*.?()[]{}|^~!=:;,@ é日𝄞ß';
/** Chosen letter by letter: texts of fast-check are often words that stand in code, such as `prototype`. */
const word = fc
  .array(fc.constantFrom(...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'), { minLength: 9, maxLength: 24 })
  .filter((letters) => new Set(letters).size > 5)
  .map((letters) => letters.join(''));
const odd = fc
  .array(fc.oneof(word, fc.constantFrom(...awkward)), { minLength: 3, maxLength: 12 })
  .map((parts) => parts.join(''))
  .filter((text) => text === text.trim() && /\w{9}/.test(text));
const lines = fc.array(odd, { minLength: 2, maxLength: 4 }).map((all) => all.join('\n'));
const base64 = fc
  .uint8Array({ minLength: 12, maxLength: 30 })
  .filter((bytes) => new Set(bytes).size > 5)
  .map((bytes) => Buffer.from(bytes).toString('base64'));
const [inFile, inEnv, fromProgram, key, filled, second] = fc.sample(fc.tuple(odd, odd, word, lines, odd, base64), {
  seed,
  numRuns: 1,
})[0] as [string, string, string, string, string, string];
const secrets = { inFile, inEnv, fromProgram, key, filled, second };

const talker = `
const ways = {${Object.entries(ways).map(([name, write]) => `${JSON.stringify(name)}: ${write}`)}};
const html = ${ways['in HTML']};
const base64 = ${ways['in base64']};
export async function main(ctx) {
  const secrets = [ctx.env.TOKEN, ctx.env.PASSWORD, ...Object.values(ctx.config.deep)];
  const all = () => Object.fromEntries(Object.entries(ways).map(([name, write]) => [name, secrets.map(write)]));
  const text = Object.values(all()).flat().join(' ');
  ctx.handle('tell', () => ({ ...all(), [secrets[0]]: 1 }));
  ctx.handle('pour', async function* () { yield all(); yield text; });
  ctx.handle('fail', () => { throw new Error(text); });
  ctx.handle('say', () => { ctx.publish('talker.said', all()); console.log(text); console.error(JSON.stringify(all())); ctx.log.warn({ all: all() }, text); return 1; });
  ctx.onStats(() => all());
  ctx.status('warn', text);
  if (ctx.config.broken) throw new Error('it does not start: ' + text);
  await ctx.run();
}
`;
const printer = `
const ways = {${Object.entries(ways).map(([name, write]) => `${JSON.stringify(name)}: ${write}`)}};
const html = ${ways['in HTML']};
const base64 = ${ways['in base64']};
const { TOKEN, KEY } = process.env;
for (const secret of [TOKEN, KEY]) for (const write of Object.values(ways)) { console.log(write(secret)); console.error('<' + write(secret) + '>'); }
// Torn, for the line is too long to be shown in one.
process.stdout.write('.'.repeat(2 ** 16 - 4) + TOKEN + '\\n');
// In two pieces, that come at different times.
process.stdout.write('split ' + TOKEN.slice(0, 4));
setTimeout(() => { process.stdout.write(TOKEN.slice(4) + ' end\\n'); setTimeout(() => process.exit(process.env.LIVES ? 0 : 3), 200); }, 100);
if (process.env.LIVES) setInterval(() => {}, 1000);
`;

const env = { MUSTER_TEST_ENV: inEnv, MUSTER_TEST_FILLED: filled, MUSTER_LOG_LEVEL: 'debug' };

const config = (broken: string): string => `version: 1
modules:
  talker:
    module: ./talker.mjs
    env: {TOKEN: {secret: "file:./token"}, PASSWORD: "\${MUSTER_TEST_FILLED}"}
    config: {broken: ${broken}, deep: {key: {secret: "file:./key"}, b: {secret: "exec:./program.sh x"}}, dsn: "db://u:\${MUSTER_TEST_FILLED}@host"}
  printer:
    command: [node, printer.mjs]
    args: ["--password=\${MUSTER_TEST_FILLED}", "${'$'}{MUSTER_TEST_ENV}"]
    cwd: .
    env: {TOKEN: {secret: "env:MUSTER_TEST_ENV"}, KEY: {secret: "file:./key"}, PATH: "${process.env.PATH}"}
    restart: {policy: never}
    log: {metadata: {team: "\${MUSTER_TEST_FILLED}"}, prefix: "\${MUSTER_TEST_ENV}: "}
  absent: {command: ["/nowhere/\${MUSTER_TEST_FILLED}"], disabled: true}
`;

let place: Place;
/** Everything that muster has said, with what was asked. */
const said: [what: string, text: string][] = [];

async function ask(...args: string[]): Promise<Ran> {
  const ran = await place.muster(...args);
  said.push([args.join(' '), ran.stdout + ran.stderr]);
  return ran;
}

beforeAll(async () => {
  place = await createPlace(config('false'));
  await place.write('token', `${inFile}\n`);
  await place.write('key', key);
  await place.write('second', second);
  await place.write('talker.mjs', talker);
  await place.write('printer.mjs', printer);
  await place.write('program.sh', `#!/bin/sh\nprintf '%s\\n' '${fromProgram}'\n`);
  await chmod(join(place.dir, 'program.sh'), 0o755);
  const up = await place.musterWith({ env }, 'up', '-d', '-c', 'muster.yaml');
  said.push(['up', up.stdout + up.stderr]);
  expect(up.code, up.stdout + up.stderr).toBe(0);
});
afterAll(() => place[Symbol.asyncDispose]());

function expectNothingSaid(): void {
  for (const [what, text] of said) {
    for (const [name, secret] of Object.entries(secrets)) {
      const leak = leakOf(secret, text);
      if (leak !== null) throw new Error(`seed ${seed}: ${what} tells ${name}, ${leak}`);
    }
  }
}

test('what a module makes of its secrets is told nobody, whatever is asked', async () => {
  await until(async () => (await place.module('printer')).state === 'E', 'all is printed');
  using daemon = await talk(place);
  const end = new AbortController();
  const traced: unknown[] = [];
  const tracing = daemon
    .ask('muster.trace', { full: true }, { onPart: (part) => void traced.push(part), signal: end.signal })
    .catch(() => {});
  for (const topic of ['talker.tell', 'talker.pour', 'talker.fail', 'talker.say']) await ask('request', topic);
  await until(() => JSON.stringify(traced).includes('talker.said'), 'the trace has seen it');
  end.abort();
  await tracing;
  said.push(['trace', JSON.stringify(traced)]);
  for (const name of ['talker', 'printer']) {
    for (const json of [[], ['--json']]) {
      for (const command of ['info', 'stats', 'logs']) await ask(command, ...json, name);
    }
  }
  for (const command of ['list', 'status', 'events', 'drift']) {
    for (const json of [[], ['--json']]) await ask(command, ...json);
  }
  await ask('list', '-l');
  await ask('get', 'talker');
  await ask('get', 'talker:dsn');
  await ask('signal', 'talker', 'SIGHUP');
  await ask('trigger', 'talker', 'nothing', inFile);
  const shown = new Map(said);
  expect(shown.get('request talker.tell')).toContain('***');
  expect(shown.get('logs printer')).toContain('split *** end');
  expect(shown.get('logs printer')?.match(/\*\*\*/g)?.length).toBeGreaterThan(4 * Object.keys(ways).length);
  expect(shown.get('info talker')).toContain('***');
  const printed = (shown.get('logs --json printer') ?? '')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as LogRecord]));
  const torn = printed.findIndex(({ partial }) => partial === true);
  expect(printed[torn]?.text).toMatch(/\.{65000}[\s\S]{0,2}$/);
  expect(printed[torn + 1]?.text).toBe('***');
  expectNothingSaid();
});

test('33. a rotated secret is a change that shows neither value, in every form of a plan and what comes of it', async () => {
  await place.write('token', second);
  for (const form of ['text', 'json', 'markdown']) expect((await ask('reconcile', '--dry-run', '-o', form)).stdout).toContain('env.TOKEN');
  const { plan } = await place.dryRun();
  const rotated = [{ path: 'env.TOKEN', before: null, after: null, live: false, sensitive: true }];
  expect(plan.changes.find(({ name }) => name === 'talker')).toMatchObject({ action: 'reload', fields: rotated });
  await ask('reconcile', '--dry-run', '--out', 'plan.json');
  said.push(['plan.json', await readFile(join(place.dir, 'plan.json'), 'utf8')]);
  await ask('reload', '--json');
  await place.write('token', inFile);
  expect((await ask('reload')).stdout).toContain('env.TOKEN (secret)');
  // A change of what stands beside it, and one that fails.
  await writeFile(join(place.dir, 'muster.yaml'), config('true'));
  for (const form of ['text', 'json', 'markdown']) await ask('reconcile', '-o', form);
  await ask('reload');
  expect((await place.status()).lastReconcile).toMatchObject({ outcome: 'failed' });
  for (const command of ['status', 'events', 'list', 'drift', 'history']) for (const json of [[], ['--json']]) await ask(command, ...json);
  await ask('history', 'show', '1');
  await ask('export');
  await ask('hold', 'talker', '--reason', `it leaks ${inFile} and ${filled}`);
  for (const json of [[], ['--json']]) for (const command of ['status', 'list', 'events']) await ask(command, ...json);
  await ask('info', 'talker');
  await ask('reconcile', '--dry-run', '-o', 'markdown');
  await ask('release', 'talker');
  expectNothingSaid();
});

async function readState(): Promise<void> {
  for (const file of await readdir(place.stateDir, { recursive: true, withFileTypes: true })) {
    const path = join(file.parentPath, file.name);
    // What modules print is kept as it is, for its owner alone, and masked when it is shown.
    const isOutput = /^(?:talker|printer)\.log/.test(file.name);
    if (file.isFile() && !isOutput && file.name !== 'key') said.push([path, await readFile(path, 'utf8')]);
  }
}

test('no secret is in what muster keeps, nor in its own log, and after kill -9 all of it is known again', async () => {
  await writeFile(join(place.dir, 'muster.yaml'), config('false'));
  expect((await ask('reload')).code).toBe(0);
  const before = await place.list();
  await readState();
  expect(said.some(([path]) => path.includes('generations/1.json'))).toBe(true);
  await place.kill();
  const up = await place.musterWith({ env }, 'up', '-d', '-c', 'muster.yaml');
  said.push(['up', up.stdout + up.stderr]);
  expect(up.code, up.stdout + up.stderr).toBe(0);
  expect((await place.list()).map(({ name, codeDigest }) => ({ name, codeDigest }))).toEqual(
    before.map(({ name, codeDigest }) => ({ name, codeDigest })),
  );
  expect((await place.status()).drift).toEqual([]);
  await readState();
  expectNothingSaid();
});
