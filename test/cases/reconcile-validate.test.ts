import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import { createPlace, json, until } from '../support/place.ts';
import { identities } from '../support/untouched.ts';

test.concurrent('18. validate tells good from bad without a daemon, as JSON with whole places', async () => {
  await using place = await createPlace('version: 1\nmodules: {a: builtin:heartbeat}\n');
  await place.write('bad.yaml', 'version: 1\nmodules:\n  a: {module: builtin:heartbeat, stopTimeout: soon}\n  b: {}\n');
  const good = await place.muster('validate');
  expect([good.code, good.stderr]).toEqual([0, '']);
  expect(json(await place.muster('validate', 'muster.yaml', '-o', 'json'))).toEqual({ valid: true, diagnostics: [] });

  const bad = await place.muster('validate', 'bad.yaml');
  expect(bad.code).toBe(1);
  const asJson = await place.muster('validate', 'bad.yaml', '-o', 'json');
  expect(asJson.code).toBe(1);
  const { valid, diagnostics } = json(asJson) as { valid: boolean; diagnostics: Diagnostic[] };
  expect(valid).toBe(false);
  const file = join(place.dir, 'bad.yaml');
  expect(diagnostics).toMatchObject([
    {
      severity: 'error',
      code: 'badValue',
      file,
      line: 3,
      column: 47,
      endLine: 3,
      endColumn: 51,
      message: expect.stringContaining('"soon"'),
    },
    { severity: 'error', code: 'missingKind', file, line: 4, column: 3, endLine: 4, endColumn: 4, message: expect.any(String) },
  ]);
});

test.concurrent('19. three independent errors are reported in one run, each with place and code', async () => {
  await using place = await createPlace(`version: 1
modules:
  a: {command: node}
  b: {module: builtin:heartbeat, requires: [missing]}
  c: {module: builtin:heartbeat, restart: {policy: sometimes}}
`);
  const file = join(place.dir, 'muster.yaml');
  const { code, stderr } = await place.muster('validate');
  expect(code).toBe(1);
  const places = stderr.split('\n').filter((line) => line.startsWith(file));
  expect(places.map((line) => line.slice(file.length).replace(/(error \w+:).*/, '$1'))).toEqual([
    ':3:16: error wrongType:',
    ':4:45: error unknownRequirement:',
    ':5:52: error badValue:',
  ]);
});

test.concurrent('20. a misspelled key is refused with the right one at its place; a key x-notes passes', async () => {
  await using place = await createPlace('version: 1\nmodules: {a: builtin:heartbeat}\n');
  await place.up();
  const before = identities(await place.list());
  await place.write('muster.yaml', 'version: 1\nmodules:\n  a:\n    module: builtin:heartbeat\n    stopTimout: 5s\n');
  const refused = await place.muster('reload');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(`${join(place.dir, 'muster.yaml')}:5:5: error unknownKey: unknown key "stopTimout"`);
  expect(refused.stderr).toContain('did you mean stopTimeout');
  expect(identities(await place.list())).toEqual(before);

  await place.write(
    'muster.yaml',
    'version: 1\nx-notes: {any: [thing]}\nmodules:\n  a:\n    module: builtin:heartbeat\n    x-notes: mine\n',
  );
  const { ran, result } = await place.reload();
  expect([ran.code, ran.stderr, result.outcome]).toEqual([0, '', 'noChanges']);
});

test.concurrent('21. a syntax error leaves the set alone and shows as configInvalid until a good save is applied', async () => {
  await using place = await createPlace('version: 1\nmodules: {a: builtin:heartbeat}\n');
  await place.up();
  const before = identities(await place.list());
  const pid = await place.pid();
  const ready = async () => (await place.status()).conditions.find(({ type }) => type === 'Ready');
  const file = await place.write('muster.yaml', 'version: 1\nmodules: {a: builtin:heartbeat}\npolicy: {interval: 10m\n');
  process.kill(pid, 'SIGHUP');
  await until(async () => (await place.status()).lastReconcile?.trigger === 'sighup', 'the signal was followed');
  const { config, lastReconcile } = await place.status();
  expect(config).toMatchObject({ valid: false, diagnostics: [{ severity: 'error', code: 'syntax', file, line: 4, column: 1 }] });
  expect(lastReconcile).toMatchObject({ outcome: 'error', exitCode: 1, changes: [] });
  expect(await ready()).toMatchObject({ status: false, reason: 'configInvalid', message: expect.stringContaining(`${file}:4:1`) });
  expect(identities(await place.list())).toEqual(before);

  await place.write('muster.yaml', 'version: 1\nmodules: {a: builtin:heartbeat, b: builtin:heartbeat}\n');
  process.kill(pid, 'SIGHUP');
  await until(async () => (await place.list()).length === 2, 'the good save is applied');
  await until(async () => (await place.status()).lastReconcile?.exitCode === 0, 'the run has ended');
  expect((await place.status()).synced).toBe(true);
  expect((await place.status()).config).toMatchObject({ valid: true, diagnostics: [] });
  expect(await ready()).toMatchObject({ status: true });
  expect(identities(await place.list()).slice(0, 1)).toEqual(before);
});

test.concurrent('22. an error in the last of ten new modules keeps all ten out', async () => {
  await using place = await createPlace('version: 1\nmodules: {anchor: builtin:heartbeat}\n');
  await place.up();
  const before = identities(await place.list());
  const nine = Array.from({ length: 9 }, (_, index) => `  m${index}: builtin:heartbeat\n`).join('');
  await place.write(
    'muster.yaml',
    `version: 1\nmodules:\n  anchor: builtin:heartbeat\n${nine}  m9: {module: builtin:heartbeat, startTimeout: true}\n`,
  );
  const { code, stderr } = await place.muster('reload');
  expect(code).toBe(1);
  expect(stderr).toContain(`${join(place.dir, 'muster.yaml')}:13:49: error badValue: startTimeout`);
  expect(identities(await place.list())).toEqual(before);
});
