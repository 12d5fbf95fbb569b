import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLogs } from '../../src/keeper/logs/logs.ts';
import { readLogs } from './logs/support.ts';
import { clock, keeper, silent, spec, tempDir } from './support/keeper.ts';

test('a flood of output is captured in bounded memory and bounded files, to its last line', async () => {
  const dir = join(await tempDir(), 'log');
  const writer = createLogs({ dir, clock, log: silent }).open('web', { maxSize: 4 * 1024 * 1024, keep: 2 });
  const { keeper: it } = keeper();
  const line = 'flood '.repeat(20);
  let received = 0;
  const before = process.memoryUsage().rss;
  let most = before;
  const what = spec(['sh', '-c', `yes "${line}" | head -c 52428800; echo; echo last line`], {
    onOutput(stream, chunk) {
      received += chunk.length;
      most = Math.max(most, process.memoryUsage().rss);
      return writer.write(stream, chunk);
    },
  });
  const child = await it.spawn(what);
  await child.exited;
  await child.killTree();
  await writer.close();
  expect(received).toBeGreaterThan(52_428_800);
  expect(writer.dropped()).toBe(0);
  expect(most - before).toBeLessThan(64 * 1024 * 1024);
  expect(await readLogs(dir, 'web', { lines: 2 })).toMatchObject([{ text: expect.any(String) }, { text: 'last line' }]);
});
