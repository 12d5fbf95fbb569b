import { expect, test } from 'vitest';
import { formatFor } from '../../../src/builtin/metrics/accept.ts';

const prometheus =
  'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';

test.each([
  [prometheus, 'openMetrics'],
  ['application/openmetrics-text; version=1.0.0; charset=utf-8', 'openMetrics'],
  ['application/openmetrics-text', 'openMetrics'],
  ['Application/OpenMetrics-Text;Version="1.0.0"', 'openMetrics'],
  ['application/openmetrics-text;version=0.0.1, text/plain;q=0.5', 'openMetrics'],
  ['application/openmetrics-text;version=2.0.0, text/plain;version=0.0.4;q=0.1', 'text'],
  ['application/openmetrics-text;q=0.4,text/plain;q=0.5', 'text'],
  ['application/openmetrics-text;q=0', 'text'],
  ['text/plain;version=0.0.4', 'text'],
  ['text/html,application/xhtml+xml,*/*;q=0.8', 'text'],
  ['*/*', 'text'],
  ['', 'text'],
  [undefined, 'text'],
  [';;;q=x,,', 'text'],
])('who accepts %s gets %s', (accept, format) => {
  expect(formatFor(accept)).toBe(format);
});
