import { expect, test } from 'vitest';
import { createTransform } from '../../src/keeper/command/transform.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { fc } from '../support/properties.ts';

const words = fc.constantFrom('password=hunter2', 'password=', 'hunter2', ' ', '\n', '€', '😀', 'pass', 'word=x', '\r\n', 'x'.repeat(3000));

test('however output is torn, what comes out is each line as the rules make it', () => {
  fc.assert(
    fc.property(fc.array(words, { maxLength: 60 }), fc.array(fc.nat(5000), { maxLength: 60 }), (parts, sizes) => {
      const text = parts.join('');
      const transform = createTransform(
        [
          ['password=\\S+', '[$&]'],
          ['\\[.*?\\]', '***'],
        ],
        createFakeClock(),
      );
      const bytes = Buffer.from(text);
      const out: Uint8Array[] = [];
      let at = 0;
      for (const size of [...sizes, bytes.length]) {
        out.push(transform.push('stdout', bytes.subarray(at, at + size)).bytes);
        at += size;
      }
      out.push(transform.flush('stdout').bytes);
      const wanted = text.split('\n').map((line) => line.replace(/password=\S+/g, '[$&]').replace(/\[.*?\]/g, '***'));
      expect(Buffer.concat(out).toString() === wanted.join('\n')).toBe(true);
    }),
    { numRuns: 300 },
  );
});
