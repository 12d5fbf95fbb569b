import { expect, test } from 'vitest';
import { shapeOf } from '../../src/keeper/command/shape-of.ts';
import { logSettings } from '../../src/model/fields/log.ts';
import { createMask } from '../../src/model/mask/mask.ts';

test.each(['"begins with a quote', 'ends with one"', '"within, "both", and\nlines"', '","a":"'])(
  'metadata with a secret stay data whatever the secret is made of: %s',
  (secret) => {
    const mask = createMask(() => [secret]);
    const settings = logSettings.parse({ metadata: { team: secret, [`of ${secret}`]: [`<${secret}>`, 7] } });
    const { metadata } = shapeOf(settings, ['program', secret], { mask, transform: (text) => text });
    expect(metadata).toEqual({ team: '***', 'of ***': ['<***>', 7], command: 'program', args: ['***'] });
  },
);
