import { expect, test } from 'vitest';
import { wholeOf } from '../../../src/builtin/gateway/whole.ts';

// What Node keeps out of reach in later versions is read as a stream there.
const [major = 0] = process.versions.node.split('.').map(Number);
const text = (response: Response): string | null => {
  const whole = wholeOf(response);
  return whole === null ? null : Buffer.from(whole).toString();
};

test.runIf(major < 24)('text, bytes and forms are known as they were given', () => {
  expect(text(new Response('héllo'))).toBe('héllo');
  expect(text(Response.json({ a: 1 }))).toBe('{"a":1}');
  expect(text(new Response(new URLSearchParams({ a: 'b c' })))).toBe('a=b+c');
  const bytes = Buffer.from('before');
  const response = new Response(bytes);
  bytes.write('after!');
  expect(text(response)).toBe('before');
});

test.runIf(major < 24)('a copy of a Response is known too, and so is what was copied', () => {
  const response = new Response('twice');
  const copy = response.clone();
  expect([text(response), text(copy)]).toEqual(['twice', 'twice']);
});

test('what comes as a stream, or is not there, is not', async () => {
  expect(wholeOf(new Response(null))).toBeNull();
  expect(wholeOf(new Response(new Response('piece').body))).toBeNull();
  expect(wholeOf(new Response(new Blob(['blob'])))).toBeNull();
});

test('what somebody reads, has read or does not want is not', async () => {
  const read = new Response('read');
  await read.text();
  const locked = new Response('locked');
  locked.body?.getReader();
  const begun = new Response('begun');
  const reader = begun.body?.getReader();
  await reader?.read();
  reader?.releaseLock();
  const canceled = new Response('canceled');
  await canceled.body?.cancel();
  expect([read, locked, begun, canceled].map(wholeOf)).toEqual([null, null, null, null]);
});
