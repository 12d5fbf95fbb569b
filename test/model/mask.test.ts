import { expect, test } from 'vitest';
import { createMask } from '../../src/model/mask/mask.ts';
import { fc } from '../support/properties.ts';
import { ways } from '../support/secret-ways.ts';

const secret = 'p4ss "w?rd"/ü\\%41 <&>';

/** Everything that a text can be read as, by somebody who undoes escapes one after the other. */
function readings(text: string): string[] {
  const undo = [
    (one: string) => decodeURIComponent(one.replaceAll('+', ' ')),
    (one: string) => JSON.parse(one) as unknown,
    (one: string) => one.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code))),
    (one: string) => one.replace(/\\([!-/:-@[-`{-~])/g, '$1'),
  ];
  const all = new Set([text]);
  for (const one of all) {
    for (const read of undo) {
      try {
        const next = read(one);
        if (all.size < 200) all.add(typeof next === 'string' ? next : JSON.stringify(next));
      } catch {
        // It is not written in that way.
      }
    }
  }
  return [...all];
}

test.each(Object.keys(ways))('a secret is hidden %s, also inside longer text', (way) => {
  const mask = createMask(() => ['another one', secret]);
  const write = ways[way] as (text: string) => string;
  for (const text of [write(secret), write(`before${secret}after`), `{"a": ${write(secret)}}`]) {
    const masked = mask(text);
    expect(masked).toContain('***');
    for (const reading of readings(masked)) {
      expect(reading).not.toContain(secret);
      expect(Buffer.from(reading, 'base64').toString()).not.toContain('p4ss "w?rd');
      expect(Buffer.from(reading, 'hex').toString()).not.toContain('p4ss "w?rd');
    }
  }
});

test('what is not secret stays as it is, around it too', () => {
  const mask = createMask(() => [secret]);
  expect(mask(`{"token":${JSON.stringify(secret)},"path":"C:\\\\x","done":"100%"}`)).toBe('{"token":"***","path":"C:\\\\x","done":"100%"}');
  expect(mask(`https://u:${encodeURIComponent(secret)}@host/a%20b`)).toBe('https://u:***@host/a%20b');
  expect(mask(`Basic ${Buffer.from(secret).toString('base64')}, ok`)).toBe('Basic ***, ok');
});

test.each([`'it'\\''s"a "Secret'`, `'it'"'"'s"a "Secret'`, `'it''s"a "Secret'`, `it's""a ""Secret`])(
  'a secret within quotes is hidden: %s',
  (written) => {
    const mask = createMask(() => [`it's"a "Secret`]);
    expect(mask(`got ${written} there`)).toMatch(/^got '?\*\*\*'? there$/);
    expect(mask(JSON.stringify({ written }))).toMatch(/^\{"written":"'?\*\*\*'?"\}$/);
  },
);

test.each(['abcde', 'üü', ''])('a secret of less than six bytes (%j) is left to its own field', (short) => {
  expect(createMask(() => [short])(`${short} abcdef üüü`)).toBe(`${short} abcdef üüü`);
});

test.each(['abcdef', 'üüü', '日本', 'a日b日'])('a secret of six bytes and more (%j) is hidden, however few characters it has', (least) => {
  expect(createMask(() => [least])(`<${least}>`)).toBe('<***>');
});

test('of a secret with several lines each line is hidden, for output is shown by lines; base64 that is broken into lines too', () => {
  const lines = ['-----BEGIN KEY-----', 'MIIEpQIBAAKCAQEA3Tz2mr7SZiAMfQyuvBjM9Oi', 'short', '  indented-line  ', '-----END KEY-----'];
  const key = lines.join('\r\n');
  const mask = createMask(() => [key]);
  expect(lines.map(mask)).toEqual(['***', '***', 'short', '  ***  ', '***']);
  expect(mask(key)).toBe('***');
  for (const line of lines.filter((one) => one !== 'short')) {
    expect(mask(Buffer.from(line.trim()).toString('hex'))).toBe('***');
    const basic = Buffer.from(`bob:${line.trim()}`).toString('base64');
    expect(mask(basic)).toMatch(/^.{6}\*\*\*.{0,3}$/);
  }
  const long = 'x'.repeat(70) + secret.repeat(5);
  const wrapped =
    Buffer.from(long)
      .toString('base64')
      .match(/.{1,76}/g) ?? [];
  const shown = wrapped.map(createMask(() => [long]));
  expect(shown.slice(0, -1)).toEqual(wrapped.slice(0, -1).map(() => '***'));
});

test('of a secret that was cut off with the text around it the beginning is hidden too', () => {
  const mask = createMask(() => [secret]);
  for (const way of ['as it is', 'in JSON', 'in a URL', 'in base64', 'in hex']) {
    const written = (ways[way] as (text: string) => string)(secret);
    expect(mask(`it says ${written.slice(0, -4)}…\nand more`), way).toMatch(/^it says "?\*\*\*.?.?…\nand more$/);
  }
  expect(mask('and so on…')).toBe('and so on…');
});

test('secrets that come later are hidden as well, the longest first, and those that overlap whole', () => {
  let secrets = ['hunter22'];
  const mask = createMask(() => secrets);
  expect(mask('hunter22')).toBe('***');
  secrets.push('never asked for'); // the same list is taken for the same secrets
  secrets = ['hunter22', 'hunter2233'];
  expect(mask('hunter2233 hunter22')).toBe('*** ***');
  secrets = ['abcdefgh', 'fghijklm'];
  expect(mask('-abcdefghijklm-')).toBe('-***-');
});

test('no random secret is left in a random text, in whatever way it is written there', () => {
  const text = fc.string({ unit: 'binary', minLength: 6, maxLength: 40 }).filter((one) => one.replace(/[\\%&]/g, '').trim().length >= 6);
  // What is hardly more than escapes says nothing once they are undone.
  const awkward = fc
    .string({ unit: fc.constantFrom(...'\\%&+ "\'\n/n4u;#=$*.(['), minLength: 8, maxLength: 16 })
    .filter((one) => one.replace(/[\\%&]|^\s+|\s+$/g, '').length >= 6);
  const property = fc.property(
    fc.array(fc.oneof(text, awkward), { minLength: 1, maxLength: 5 }),
    fc.array(fc.tuple(fc.nat(4), fc.constantFrom(...Object.keys(ways)), fc.string()), { maxLength: 6 }),
    (secrets, places) => {
      const mask = createMask(() => secrets);
      for (const [index, way, around] of places) {
        const hidden = secrets[index % secrets.length] as string;
        if (Buffer.from(hidden).toString() !== hidden) return;
        const written = (ways[way] as (text: string) => string)(hidden);
        expect(mask(`${around} ${written} ${around}`)).not.toContain(written);
      }
    },
  );
  fc.assert(property, { numRuns: Number(process.env.MASK_RUNS ?? 400) });
});

test('many secrets cost a text little more than few', () => {
  const few = createMask(() => [secret]);
  const manySecrets = Array.from({ length: 2000 }, (_, index) => `secret number ${index} of "many"`);
  const many = createMask(() => manySecrets);
  const output = JSON.stringify(Array.from({ length: 5000 }, (_, index) => ({ name: `module-${index}`, path: `/srv/"${index}"/a%20b` })));
  many(output);
  const spent = (mask: (text: string) => string): number => {
    const before = process.cpuUsage();
    for (let time = 0; time < 3; time += 1) expect(mask(output)).toBe(output);
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  const ratio = Math.min(...Array.from({ length: 3 }, () => spent(many) / spent(few)));
  expect(ratio).toBeLessThan(4);
});
