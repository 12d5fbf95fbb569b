import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { importRooms } from '../support/bundle.mjs';
import { interleaved, median } from '../support/numbers.mjs';
import { row } from '../support/table.mjs';

const what = 'one state change persisted / append + fdatasync';
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const perRound = 20;

/** An intent of the size that a loaded module makes, one after another: nothing shares a sync. */
export const journal = {
  rows: [what],
  async measure({ dir, quick }) {
    const { openStore, openDisk } = await importRooms(dir, { openStore: 'store/store.ts', openDisk: 'store/disk.ts' });
    const folder = join(dir, 'journal');
    await mkdir(folder);
    const store = await openStore({ disk: openDisk(folder), random: { next: Math.random, id: () => 'bench' }, log: quiet });
    const bare = await open(join(folder, 'bare'), 'a');
    const line = `${JSON.stringify({ seq: 1, type: 'loaded', record: recordOf(0) })}\n`;
    try {
      const rounds = quick ? 20 : 60;
      const [ours, theirs] = await interleaved(rounds, [
        async (round) => {
          for (let i = 0; i < perRound; i += 1) await store.append({ type: 'loaded', record: recordOf(round * perRound + i) });
        },
        async () => {
          for (let i = 0; i < perRound; i += 1) {
            await bare.write(line);
            await bare.datasync();
          }
        },
      ]);
      const each = (times) => `${(median(times) / perRound).toFixed(3)} ms`;
      const value = median(ours) / median(theirs);
      return [row(what, { value, bound: 1.5, n: `${rounds} x ${perRound}`, note: `${each(ours)} / ${each(theirs)}` })];
    } finally {
      await bare.close();
      await store.close();
    }
  },
};

function recordOf(i) {
  const spec = { command: ['sleep', '100000'], cwd: '/', env: {}, args: [], requires: [], after: [], files: [], stopTimeout: 10_000 };
  const name = `m${i % 100}`;
  const source = { file: '/etc/muster.yaml', line: i, column: 3 };
  const specDigest = String(i).padStart(64, '0');
  return { name, kind: 'command', spec, specDigest, codeDigest: null, path: 'sleep', source, origin: 'config', generation: 1 };
}
