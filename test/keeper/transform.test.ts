import { expect, test } from 'vitest';
import { createTransform, type TransformRule } from '../../src/keeper/command/transform.ts';
import { createFakeClock } from '../support/fake-clock.ts';

const secret: TransformRule = ['password=\\S+', 'password=***'];

/** Pushes the chunks of stdout, then ends it. */
function through(rules: readonly TransformRule[], chunks: readonly (string | Buffer)[]) {
  const clock = createFakeClock();
  const transform = createTransform(rules, clock);
  const made = [...chunks.map((chunk) => transform.push('stdout', Buffer.from(chunk as string))), transform.flush('stdout')];
  return {
    bytes: Buffer.concat(made.map(({ bytes }) => bytes)),
    text: Buffer.concat(made.map(({ bytes }) => bytes)).toString(),
    withheld: made.reduce((sum, { withheld }) => sum + withheld, 0),
  };
}

test('rules are applied to each line, one after the other', () => {
  expect(through([secret, ['^(\\w+):', '[$1]']], ['one: password=a b\ntwo: c\n']).text).toBe('[one] password=*** b\n[two] c\n');
});

test('a match is found wherever its line is torn, and none goes over the end of a line', () => {
  const text = 'x password=hunter2 y\npassword=\nhunter3 €\n';
  for (let at = 0; at <= Buffer.byteLength(text); at++) {
    const bytes = Buffer.from(text);
    expect(through([secret], [bytes.subarray(0, at), bytes.subarray(at)]).text).toBe('x password=*** y\npassword=\nhunter3 €\n');
  }
});

test('the two streams are no part of each other, and the last line needs no end', () => {
  const transform = createTransform([secret], createFakeClock());
  const text = (made: { bytes: Uint8Array }) => Buffer.from(made.bytes).toString();
  expect(text(transform.push('stdout', Buffer.from('password=hun')))).toBe('');
  expect(text(transform.push('stderr', Buffer.from('plain\n')))).toBe('plain\n');
  expect(text(transform.push('stdout', Buffer.from('ter2')))).toBe('');
  expect(text(transform.flush('stdout'))).toBe('password=***');
});

test('a line that no rule changes stays byte for byte', () => {
  const bytes = Buffer.from([0xff, 0xfe, 0x0a, 0x41, 0x0a, 0xe2, 0x82, 0x0a]);
  expect(through([secret], [bytes]).bytes).toEqual(bytes);
});

test('a line without end goes on in parts, of which none tears a match or a character', () => {
  const filler = 'aé€😀 '.repeat(700);
  const line = `${filler}password=hunter2 `.repeat(40);
  for (const size of [1000, 4097, 65536, 300_000]) {
    const bytes = Buffer.from(`${line}\nend\n`);
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
    const made = through([secret], chunks);
    expect(made.text === `${line.replaceAll('hunter2', '***')}\nend\n`).toBe(true);
    expect(made.withheld).toBe(0);
  }
});

test('an endless line that is no text is searched too, and no byte of it is lost', () => {
  const noise = Buffer.alloc(50_000, 0xff);
  const made = through([secret], [noise, Buffer.from('password=hun'), Buffer.from('ter2 '), noise, noise]);
  expect(made.bytes.toString('latin1').includes('hunter2')).toBe(false);
  expect(made.bytes.length).toBe(3 * noise.length + 'password=*** '.length);
});

test('a rule that goes on for ever is ended: what it was to judge is left out and counted, to the end of its line', async () => {
  const clock = createFakeClock();
  const transform = createTransform([['(a+)+$', 'x']], clock);
  const text = (made: { bytes: Uint8Array }) => Buffer.from(made.bytes).toString();
  expect(text(transform.push('stdout', Buffer.from('fine aaa\n')))).toBe('fine x\n');
  const bad = Buffer.from(`${'a'.repeat(60)}!\nnext`);
  const began = performance.now();
  expect(transform.push('stdout', bad)).toMatchObject({ withheld: bad.length });
  // It takes nobody's time for a while.
  expect(transform.push('stdout', bad)).toMatchObject({ withheld: bad.length });
  expect(performance.now() - began).toBeLessThan(5000);
  await clock.advance(10_000);
  expect(text(transform.push('stdout', Buffer.from(' of the line\nagain a\n')))).toBe('again x\n');
});

test('new rules hold from the line on that is not complete, and without rules all goes through at once', () => {
  const transform = createTransform([secret], createFakeClock());
  const text = (made: { bytes: Uint8Array }) => Buffer.from(made.bytes).toString();
  transform.push('stdout', Buffer.from('cat'));
  transform.update([['cat', 'dog']]);
  expect(text(transform.push('stdout', Buffer.from('\ncat')))).toBe('dog\n');
  transform.update([]);
  expect(text(transform.push('stdout', Buffer.from('s\nand')))).toBe('cats\nand');
  expect(text(transform.push('stdout', Buffer.from('go')))).toBe('go');
});
