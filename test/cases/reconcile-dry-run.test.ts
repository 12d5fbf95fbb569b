import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createPlace, type Place, until } from '../support/place.ts';
import { identities } from '../support/untouched.ts';

const three = `version: 1
modules:
  a: ./steady.mjs
  b: {module: ./steady.mjs, requires: [a]}
  c: {command: [sleep, "1000"]}
`;

/** Writes nothing, so that nothing but muster touches the state dir. */
const steady = 'export const main = (ctx) => ctx.run();\n';

test.concurrent('5. a dry run of a converged daemon says so and leaves everything as it is, the state dir too', async () => {
  await using place = await createPlace(three);
  await place.write('steady.mjs', steady);
  await place.up();
  await settled(place);
  const { serial, generation } = await place.status();
  const [before, files] = [await place.list(), await contents(place.stateDir)];
  const ran = await place.muster('reconcile', '--dry-run', '--detailed-exitcode');
  expect(ran).toEqual({ code: 0, stdout: 'No changes. 3 modules match muster.yaml.\n', stderr: '' });
  expect((await place.dryRun()).plan).toMatchObject({ outcome: 'noChanges', exitCode: 0, changes: [], summary: { unchanged: 3 } });
  expect(await place.status()).toMatchObject({ serial, generation, synced: true });
  expect(await contents(place.stateDir)).toEqual(files);
  expect(identities(await place.list())).toEqual(identities(before));
});

test.concurrent('6. a dry run with one entry added counts it and loads nothing; its exit code tells if asked', async () => {
  await using place = await createPlace(three);
  await place.write('steady.mjs', steady);
  await place.up();
  await settled(place);
  await place.write('muster.yaml', `${three}  d: ./steady.mjs\n`);
  const [before, files] = [await place.list(), await contents(place.stateDir)];
  const { ran, plan } = await place.dryRun();
  expect(ran.code).toBe(0);
  expect(plan.summary).toMatchObject({ load: 1, unchanged: 3, remove: 0, reload: 0 });
  expect(plan.changes.map(({ name, action }) => [name, action])).toEqual([['d', 'load']]);
  const detailed = await place.muster('reconcile', '--dry-run', '--detailed-exitcode');
  expect(detailed.code).toBe(2);
  expect(detailed.stdout).toContain('Plan: 1 to load. 3 unchanged.');
  expect(identities(await place.list())).toEqual(identities(before));
  expect(await contents(place.stateDir)).toEqual(files);

  const applied = await place.muster('reconcile', '--detailed-exitcode');
  expect(applied.code).toBe(2);
  expect((await place.module('d')).state).toBe('R');
  expect(await place.muster('reconcile', '--detailed-exitcode')).toMatchObject({ code: 0 });
});

test.concurrent('14. another isolation under the same name is one reload', async () => {
  const config = (isolation: string) =>
    `version: 1\nmodules:\n  a: {module: builtin:heartbeat, isolation: ${isolation}}\n  b: builtin:heartbeat\n`;
  await using place = await createPlace(config('thread'));
  await place.up();
  const before = await place.list();
  await place.write('muster.yaml', config('process'));
  const { ran, plan } = await place.dryRun();
  expect(ran.code, ran.stderr).toBe(0);
  expect(plan.changes).toMatchObject([
    {
      name: 'a',
      action: 'reload',
      isolation: 'process',
      fields: [{ path: 'isolation', before: 'thread', after: 'process', live: false }],
    },
  ]);
  expect(plan.summary).toMatchObject({ load: 0, remove: 0, reload: 1, unchanged: 1 });

  const { result } = await place.reload();
  expect(result.changes.map(({ action, status }) => [action, status])).toEqual([['reload', 'ok']]);
  const [a, b] = await place.list();
  expect(a).toMatchObject({ state: 'R', isolation: 'process', threadId: null });
  expect(a?.pid).not.toBe(b?.pid);
  expect(identities(b ? [b] : [])).toEqual(identities(before.slice(1)));
});

/** What the daemon writes by itself, soon after its start, is there. */
function settled({ stateDir }: Place): Promise<void> {
  return until(() => existsSync(join(stateDir, 'generations/1.healthy')), 'it is noted that the generation is healthy');
}

/** Digest of every file below a folder. */
async function contents(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const digests = files.map(async (file) => [
    file,
    createHash('sha256')
      .update(await readFile(file))
      .digest('hex'),
  ]);
  return Object.fromEntries(await Promise.all(digests));
}
