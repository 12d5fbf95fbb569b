import { expect, test } from 'vitest';
import { createMask } from '../../src/daemon/mask.ts';

const secret = 'p4ss "w?rd"/ü';

test('a secret is hidden raw, in JSON, in a URL and in base64, also inside longer text', () => {
  const mask = createMask(() => [secret]);
  const forms = [
    secret,
    JSON.stringify({ token: secret }),
    `http://u:${encodeURIComponent(secret)}@host/`,
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('base64url'),
    `before${secret}after`,
  ];
  for (const form of forms) {
    const masked = mask(form);
    expect(masked).toContain('***');
    for (const hidden of [
      secret,
      JSON.stringify(secret).slice(1, -1),
      encodeURIComponent(secret),
      Buffer.from(secret).toString('base64'),
    ]) {
      expect(masked).not.toContain(hidden);
    }
  }
});

test('a secret shorter than six characters is left to its own field', () => {
  expect(createMask(() => ['abc'])('abcdef')).toBe('abcdef');
});

test('secrets that come later are hidden as well, the longest first', () => {
  const secrets = ['hunter22'];
  const mask = createMask(() => secrets);
  expect(mask('hunter22')).toBe('***');
  secrets.push('hunter2233');
  expect(mask('hunter2233 hunter22')).toBe('*** ***');
});
