import { expect, test } from 'vitest';
import { createFifoPool } from '../../src/keeper/fifo-pool.ts';
import { parseFromKeeper, parseToKeeper, type ToKeeper } from '../../src/keeper/protocol.ts';
import { tempDir } from './support/keeper.ts';

const order = { lease: 'l', name: 'web', argv: ['sleep', '1'], cwd: '/', env: { A: 'b' } };

test('what is said between daemon and keeper is taken as it was meant', () => {
  const said: ToKeeper[] = [
    { type: 'hello', version: 1, adopt: [] },
    { type: 'spawn', order },
    { type: 'keep', id: 'l', as: null },
    { type: 'dispose' },
  ];
  for (const message of said) expect(parseToKeeper(JSON.stringify(message))).toEqual(message);
});

test.each([
  'no JSON',
  'null',
  '[]',
  '{}',
  '{"type":"toString"}',
  '{"type":"hello","version":1,"adopt":[{}]}',
  '{"type":"spawn","order":{"lease":"l","name":"web","argv":[1],"cwd":"/","env":{}}}',
  '{"type":"spawn","order":{"lease":"l","name":"web","argv":[],"cwd":"/","env":{"A":1}}}',
  '{"type":"signal","id":"l","signal":9}',
  '{"type":"keep","id":"l","as":{"name":"web"}}',
])('%s is no message to a keeper', (line) => {
  expect(() => parseToKeeper(line)).toThrow(expect.objectContaining({ code: 'EPROTO' }));
});

test.each([
  '{"type":"spawned","id":"l","held":{"id":"l"}}',
  '{"type":"exited","id":"l","exit":{"code":"0","signal":null}}',
  '{"type":"gone"}',
])('%s is no message from a keeper', (line) => {
  expect(() => parseFromKeeper(line)).toThrow(expect.objectContaining({ code: 'EPROTO' }));
});

test('where no pipe can be made it is said what is missing', async () => {
  const dir = await tempDir();
  await expect(createFifoPool(dir, { mkfifo: 'no-such-mkfifo' }).take(1)).rejects.toMatchObject({
    code: 'ENOENT',
    message: expect.stringContaining('no-such-mkfifo'),
    hint: expect.stringContaining('coreutils'),
  });
  await expect(createFifoPool(dir, { mkfifo: 'false' }).take(1)).rejects.toMatchObject({ code: 'EIO' });
});
