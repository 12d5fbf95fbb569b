import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cutWire, gitDaemon, repository } from '../sources/git/support.ts';
import { createPlace, until } from '../support/place.ts';
import { commit, hostFile, pids, sleepers } from '../support/sourced.ts';

test('kill -9 in the middle of a fetch leaves no git, the last commit in use, and the next daemon goes on', async () => {
  const place = await createPlace();
  await using _ = place;
  const repo = repository(place.dir);
  const revision = commit(repo, sleepers({ a: 1000 }));
  const { port } = await gitDaemon(place.dir);
  const wire = await cutWire(port, Number.POSITIVE_INFINITY, 'hang');
  await place.write('muster.yaml', hostFile(`git://127.0.0.1:${wire.port}/repo.git`));
  await place.up();
  wire.cutAfter(0);
  await wire.wasCut;
  const left = gitsBelow(place.stateDir);
  expect(left).not.toEqual([]);
  await place.kill();
  expect(readlinkSync(join(place.stateDir, 'source/current'))).toBe(`checkouts/${revision}`);
  const next = commit(repo, sleepers({ a: 1000, b: 1000 }));
  wire.mend();
  await place.up();
  expect(gitsBelow(place.stateDir).filter((pid) => left.includes(pid))).toEqual([]);
  // The start looks before it runs what the repository has.
  await until(async () => {
    const { config, synced } = await place.status();
    return config.revision === next && synced;
  }, 'the next commit is applied');
  expect(Object.keys(await pids(place))).toEqual(['a', 'b']);
  expect((await place.status()).source).toMatchObject({ revision: next, problem: null });
  await until(async () => readdirSync(join(place.stateDir, 'source/tmp')).length === 0, 'nothing is left of what was killed');
});

function gitsBelow(folder: string): number[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      const [program = '', ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return /^\d+$/.test(pid) && program.endsWith('git') && args.join(' ').includes(folder) ? [Number(pid)] : [];
    } catch {
      return [];
    }
  });
}
