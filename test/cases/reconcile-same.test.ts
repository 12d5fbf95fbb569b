import { readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connect } from '../../src/socket/client.ts';
import { createPlace } from '../support/place.ts';
import { identities } from '../support/untouched.ts';

const steady = 'export const main = (ctx) => ctx.run();\n';
const original = `version: 1
modules:
  cache:
    module: ./steady.mjs
    args: [--size, "10"]
    config: {ttl: 30, names: [a, b]}
    env: {LANG: C, LEVEL: "3"}
  web:
    command: [sleep, "1000"]
    env: {LANG: C, LEVEL: "3"}
    stopTimeout: 10s
    requires: [cache]
`;

/** The same said otherwise; by what it is that changed. */
const restatements: Record<string, Record<string, string>> = {
  comments: {
    'muster.yaml': `# A comment\n${original.replace('    args:', '\n    # before a list\n    args:').replace('{ttl', '{ ttl')}# at the end\n`,
  },
  'key order': {
    'muster.yaml': `modules:
  web:
    requires: [cache]
    env: {LEVEL: "3", LANG: C}
    stopTimeout: 10s
    command: [sleep, "1000"]
  cache:
    env: {LEVEL: "3", LANG: C}
    config: {names: [a, b], ttl: 30}
    args: [--size, "10"]
    module: ./steady.mjs
version: 1
`,
  },
  'quoting, notation and line ends': {
    'muster.yaml': `"version": 1
modules: {
  'cache': {"module": "./steady.mjs", args: ['--size', '10'], config: {"ttl": 30, names: ["a", 'b']}, env: {LANG: "C", LEVEL: 3}},
  web: {command: ["sleep", 1000], env: {LANG: 'C', "LEVEL": "3"}, stopTimeout: "10000ms", requires: [cache]},
}
`.replaceAll('\n', '\r\n'),
  },
  'anchors and merge keys': {
    'muster.yaml': `version: 1
x-env: &env {LANG: C, LEVEL: "3"}
x-base: &base {env: *env}
modules:
  cache: {<<: *base, module: ./steady.mjs, args: [--size, "10"], config: {ttl: 30, names: [a, b]}}
  web: {<<: *base, command: [sleep, "1000"], stopTimeout: 10s, requires: [cache]}
`,
  },
  'explicit defaults': {
    'muster.yaml': `${original
      .replace(
        '    args:',
        '    isolation: thread\n    runner: main\n    restart: {policy: onFailure, backoff: {initial: 1s, factor: 2, max: 1m, resetAfter: 10s}}\n    args:',
      )
      .replace(
        '    stopTimeout: 10s\n',
        '    args: []\n    cwd: .\n    stopSignal: SIGTERM\n    ready: alive\n    restart: {policy: always}\n    log: {maxSize: 10M, keep: 5}\n    disabled: false\n',
      )}modulePath: [./modules]
policy: {interval: 10m, watch: plan}
`,
  },
  'a default in defaults': {
    'muster.yaml': original
      .replace('modules:', 'defaults: {command: {stopTimeout: 10s}, code: {env: {LANG: C}}}\nmodules:')
      .replace('    stopTimeout: 10s\n', ''),
  },
  'a variable': { 'muster.yaml': original.replace('LEVEL: "3"', `LEVEL: "$\{UNSET:-3}"`) },
  'entries in an included file': {
    'muster.yaml': `version: 1\ninclude: [conf.d/*.yaml]\nmodules:\n  web: {command: [sleep, "1000"], env: {LANG: C, LEVEL: "3"}, requires: [cache]}\n`,
    'conf.d/cache.yaml': `modules:\n  cache:\n    module: ../steady.mjs\n    args: [--size, "10"]\n    config: {ttl: 30, names: [a, b]}\n    env: {LANG: C, LEVEL: "3"}\n`,
  },
};

test.concurrent('10. the same config in other words is no change, no generation and the same processes', async () => {
  await using place = await createPlace(original);
  await place.write('steady.mjs', steady);
  await place.up();
  const [modules, { generation, serial }] = [await place.list(), await place.status()];
  for (const [what, files] of Object.entries(restatements)) {
    for (const [file, text] of Object.entries(files)) await place.write(file, text);
    const { ran, result } = await place.reload();
    expect(ran.code, `${what}: ${ran.stderr}`).toBe(0);
    expect(result.changes, what).toEqual([]);
    expect(result, what).toMatchObject({ outcome: 'noChanges', summary: { unchanged: 2 } });
    expect(await place.status(), what).toMatchObject({ generation, serial, synced: true });
    expect(identities(await place.list()), what).toEqual(identities(modules));
  }
  expect((await place.module('cache')).declaredAt).toMatchObject({ file: join(place.dir, 'conf.d/cache.yaml'), line: 2 });
  // Of a command that says not where it runs too.
  await place.write('conf.d/aa.yaml', 'modules: {web: {command: [sleep, "1000"], env: {LANG: C, LEVEL: "3"}, requires: [cache]}}\n');
  await place.write('muster.yaml', 'version: 1\ninclude: [conf.d/cache.yaml, conf.d/aa.yaml]\n');
  expect((await place.reload()).result.changes).toEqual([]);
  await rm(join(place.dir, 'conf.d'), { recursive: true });
  await place.write('muster.yaml', original);
  expect((await place.reload()).result.changes).toEqual([]);
  expect(identities(await place.list())).toEqual(identities(modules));
});

test.concurrent('11. 100 reloads of an unchanged file leave no trace', async () => {
  await using place = await createPlace(original);
  await place.write('steady.mjs', steady);
  await place.up();
  const trace = () => ({
    journal: statSync(join(place.stateDir, 'journal')).size,
    log: readFileSync(join(place.stateDir, 'log/muster.log'), 'utf8'),
  });
  const [modules, { generation, serial }, before] = [await place.list(), await place.status(), trace()];
  for (let round = 0; round < 10; round += 1) {
    const ran = await place.muster('reload');
    expect(ran).toEqual({ code: 0, stdout: 'No changes. 2 modules match muster.yaml.\n', stderr: '' });
  }
  // The others as the command asks for them, without the start of a command each time.
  const client = await connect({ path: join(place.stateDir, 'muster.sock') });
  for (let round = 10; round < 100; round += 1) {
    const result = await client.request('muster.reconcile', {});
    expect(result).toMatchObject({ kind: 'Result', outcome: 'noChanges', exitCode: 0, changes: [] });
  }
  client.close();
  expect(trace()).toEqual(before);
  expect(await place.status()).toMatchObject({ generation, serial });
  expect(identities(await place.list())).toEqual(identities(modules));
});
