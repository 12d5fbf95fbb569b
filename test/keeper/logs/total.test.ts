import { expect, test } from 'vitest';
import { createLogs } from '../../../src/keeper/logs/logs.ts';
import { tooMuch } from '../../../src/keeper/logs/total.ts';
import { clock, silent, tempDir, until } from '../support/keeper.ts';
import { bytes, readLogs, sizes } from './support.ts';

test('of too many bytes the oldest files of the largest logs go first, and none that is being written', () => {
  const files = [
    { file: 'big.log', size: 10 },
    { file: 'big.log.1', size: 40 },
    { file: 'big.log.2', size: 40 },
    { file: 'big.log.10', size: 5 },
    { file: 'small.log', size: 30 },
    { file: 'small.log.1', size: 30 },
    { file: 'small.log.shapes', size: 1000 },
    { file: 'muster.sock', size: 1000 },
  ];
  const gone = (most: number) => tooMuch(files, most).map(({ file }) => file);
  expect(gone(155)).toEqual([]);
  expect(gone(154)).toEqual(['big.log.10']);
  expect(gone(149)).toEqual(['big.log.10', 'big.log.2']);
  expect(gone(80)).toEqual(['big.log.10', 'big.log.2', 'small.log.1']);
  expect(gone(0)).toEqual(['big.log.10', 'big.log.2', 'small.log.1', 'big.log.1']);
});

test('the logs of a daemon stay within their bound, and what is left can be read', async () => {
  const dir = await tempDir();
  const logs = createLogs({ dir, clock, log: silent, most: 10_000 });
  const [loud, quiet] = ['loud', 'quiet'].map((name) => logs.open(name, { maxSize: 1000, keep: 50 }));
  for (let line = 0; line < 100; line++) await quiet?.write('stdout', bytes(`line ${line}\n`));
  for (let line = 0; line < 3000; line++) await loud?.write('stdout', bytes(`line ${line}\n`));
  await Promise.all([loud?.close(), quiet?.close()]);
  const total = async () =>
    Object.entries(await sizes(dir))
      .filter(([name]) => !name.endsWith('.idx'))
      .reduce((sum, [, size]) => sum + size, 0);
  await until(async () => (await total()) <= 10_000);
  expect(await readLogs(dir, 'quiet')).toHaveLength(100);
  expect((await readLogs(dir, 'loud')).at(-1)?.text).toBe('line 2999');
});
