import { expect, test } from 'vitest';
import { createMasking } from '../../src/model/mask/mask.ts';
import { fc } from '../support/properties.ts';
import { ways } from '../support/secret-ways.ts';

const runs = Number(process.env.MASK_RUNS ?? 300);
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 4 });

/** A text in parts, torn at these shares of its length. */
function torn(text: string, at: readonly number[]): string[] {
  const places = [0, ...at.map((share) => Math.floor(share * text.length)).sort((a, b) => a - b), text.length];
  return places.slice(1).map((end, index) => text.slice(places[index], end));
}

function shownOf(secrets: readonly string[], parts: readonly string[]): string[] {
  const line = createMasking(() => secrets).inParts();
  return parts.map((part, index) => line.next(part, index === parts.length - 1));
}

/** What is left of what is no filling. */
const rest = (text: string): string => text.replaceAll('***', '').replace(/[. ]/g, '');

test('of a secret that is torn anywhere no part shows more than two characters', () => {
  const secret = fc.string({ unit: fc.constantFrom(...'abAB01"\\/%&<ü€'), minLength: 10, maxLength: 30 });
  const property = fc.property(secret, cuts, fc.nat(20), (hidden, at, room) => {
    const parts = torn(`${'.'.repeat(room)}${hidden}${'.'.repeat(room)}`, at);
    const shown = shownOf([hidden], parts);
    expect(rest(shown.join('')).length).toBeLessThanOrEqual(2 * at.length);
    expect(rest(shown.at(-1) ?? '').length).toBeLessThanOrEqual(2);
  });
  fc.assert(property, { numRuns: runs });
});

test('nor is it shown by its halves in whatever way it is written', () => {
  const secret = fc.string({ unit: fc.constantFrom(...'abcdefABCDEF0123456789/+=<>&"üß'), minLength: 40, maxLength: 60 });
  const property = fc.property(secret, fc.constantFrom(...Object.keys(ways)), cuts, (hidden, way, at) => {
    const written = (ways[way] as (text: string) => string)(hidden);
    const text = `.. ${written} ..`;
    const { mask } = createMasking(() => [hidden]);
    const each = Math.ceil(written.length / hidden.length);
    // Where it is torn, some of an escape and three of what it says at most.
    const most = rest(mask(text)).length + at.length * (4 * each + 12);
    expect(rest(shownOf([hidden], torn(text, at)).join('')).length, way).toBeLessThanOrEqual(most);
  });
  fc.assert(property, { numRuns: runs });
});

test('what is no secret comes whole and in its order, and at once where no secret begins like its end', () => {
  const property = fc.property(fc.string({ maxLength: 80 }), cuts, (text, at) => {
    expect(shownOf(['correct horse battery'], torn(text, at)).join('')).toBe(text);
  });
  fc.assert(property, { numRuns: runs });
  const { inParts } = createMasking(() => ['correct horse battery']);
  const line = inParts();
  expect(line.next('Password: ', false)).toBe('Password: ');
  expect([line.next('it is corr', false), line.waits]).toEqual(['it is ', true]);
  expect([line.next('upted', false), line.waits]).toEqual(['corrupted', false]);
  expect(line.next('correct horse', false)).toBe('');
  expect(line.next(' battery!', true)).toBe('***!');
});

test('of two secrets that overlap both are hidden, and one of which only the end is read', () => {
  expect(shownOf(['abcdefgh', 'fghijklm'], ['-abcdefgh', 'ijklm-']).join('')).toBe('-***-');
  expect(shownOf(['abcdef', 'abcdefgh'], ['-abcdef', 'gx-']).join('')).toBe('-***gx-');
  const { inParts } = createMasking(() => ['correct horse battery']);
  expect(inParts('it is correct hor').next('se battery.', true)).toBe('***.');
});
