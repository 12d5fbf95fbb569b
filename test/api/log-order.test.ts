import { expect, test } from 'vitest';
import { inOrder, inParts } from '../../src/api/log-order.ts';
import type { LogRecord } from '../../src/model/documents.ts';

const record = (name: string, at: string | null): LogRecord => ({ name, at, stream: 'stdout', level: 'info', text: `${name} ${at}` });

async function* log(name: string, ...batches: (string | null)[][]): AsyncGenerator<LogRecord[]> {
  for (const batch of batches) yield batch.map((at) => record(name, at));
}

async function texts(batches: AsyncIterable<LogRecord[]>): Promise<string[]> {
  const all: string[] = [];
  for await (const batch of batches) all.push(...batch.map(({ text }) => text));
  return all;
}

test('records of several logs come by their time, equal ones in the order of the logs', async () => {
  const merged = inOrder([log('a', ['1', '4'], ['5']), log('b', ['2'], ['4', '6']), log('c')]);
  expect(await texts(merged)).toEqual(['a 1', 'b 2', 'a 4', 'b 4', 'a 5', 'b 6']);
});

test('one whose time is not known stays behind the one before it', async () => {
  expect(await texts(inOrder([log('a', [null, '3', null]), log('b', ['1', '2', '4'])]))).toEqual([
    'a null',
    'b 1',
    'b 2',
    'a 3',
    'a null',
    'b 4',
  ]);
});

test('no part is larger than a message may be, and all parts together are all of it', async () => {
  const many = Array.from({ length: 20_000 }, (_, index) => String(index));
  const parts: LogRecord[][] = [];
  for await (const part of inParts(inOrder([log('a', many)]))) parts.push(part);
  expect(parts.flat().map(({ at }) => at)).toEqual(many);
  for (const part of parts) expect(JSON.stringify(part).length).toBeLessThan(4 * 1024 ** 2);
  expect(parts.length).toBeGreaterThan(1);
});
