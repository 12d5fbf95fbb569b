import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import { until } from '../support/place.ts';
import { createSite, entry, type Hosts, type Site } from '../support/site.ts';
import { identities } from '../support/untouched.ts';

const [host, a, b] = ['example.com', 'a.example.com', 'b.example.com'];
const plain: Hosts = { [host]: { service: 'gateway', components: { [a]: entry(), [b]: entry() } } };

let site: Site;
let file: string;
let untouched: unknown[];
beforeAll(async () => {
  site = await createSite(plain);
  file = `${site.place.dir}/muster.yaml`;
  untouched = identities(await site.list());
});
afterAll(() => site[Symbol.asyncDispose]());

const errors = (stdout: string): Diagnostic[] => JSON.parse(stdout).diagnostics.filter(({ severity }: Diagnostic) => severity === 'error');

test('10. a service that is neither declared nor loaded is named with its place, and nothing is changed', async () => {
  const text = await site.declare({ ...plain, 'example.org': { service: 'gatewy', components: { 'a.example.org': entry() } } });
  const line = text.split('\n').findIndex((each) => each.includes('"example.org"')) + 1;
  const validated = await site.place.muster('validate', 'muster.yaml');
  expect(validated.code).toBe(1);
  expect(validated.stderr).toContain(`muster.yaml:${line}:3`);
  expect(validated.stderr).toMatch(/example\.org is loaded by the service gatewy, which is neither declared nor loaded/);
  const reloaded = await site.place.muster('reload');
  expect([reloaded.code, `${reloaded.stdout}${reloaded.stderr}`]).toEqual([1, expect.stringContaining(`muster.yaml:${line}`)]);
  expect(`${reloaded.stdout}${reloaded.stderr}`).toContain('gatewy');
  expect(identities(await site.list())).toEqual(untouched);
});

test('11. a domain twice, or a component under two hosts, is an error that names both places', async () => {
  const twice = await site.declare({ ...plain, 'Example.com': {} });
  const lineOf = (text: string, what: string, nth = 0): number => {
    const lines = text.split('\n').flatMap((line, at) => (line.trimStart().startsWith(`"${what}"`) ? [at + 1] : []));
    return lines[nth] ?? 0;
  };
  const validate = async () => {
    const ran = await site.place.muster('validate', 'muster.yaml', '-o', 'json');
    return [ran.code, errors(ran.stdout).map(({ line, message }) => [line, message])];
  };
  const says = (name: string, line: number) => `${name} is declared here and at ${file}:${line}`;
  expect(await validate()).toEqual([1, [[lineOf(twice, 'Example.com'), says(host, lineOf(twice, host))]]]);
  const shared = await site.declare({ ...plain, 'example.org': { components: { [a]: entry() } } });
  expect(await validate()).toEqual([1, [[lineOf(shared, a, 1), says(a, lineOf(shared, a))]]]);
  expect((await site.place.muster('reload')).code).toBe(1);
  expect(identities(await site.list())).toEqual(untouched);
});

test('15. after SIGHUP with a syntax error nothing is touched, and status has the place', async () => {
  const text = await site.declare(plain);
  await site.place.write('muster.yaml', text.replace(`"${b}": {`, `"${b}": @{`));
  const line = text.split('\n').findIndex((each) => each.includes(`"${b}"`)) + 1;
  process.kill(await site.place.pid(), 'SIGHUP');
  const found = async () => (await site.place.status()).config.diagnostics;
  await until(async () => (await found())[0]?.code === 'syntax', 'the file was read');
  expect((await found())[0]).toMatchObject({ severity: 'error', file, line });
  expect((await site.place.status()).config.valid).toBe(false);
  expect(identities(await site.list())).toEqual(untouched);
  await site.declare(plain);
  expect(await site.reload(plain)).toMatchObject({ outcome: 'noChanges' });
});
