import { expect, test } from 'vitest';
import { parseStatistic } from '../../../src/keeper/cgroup/statistics.ts';

test.each([
  ['a number', '4096', 4096],
  ['what is no number', 'max', 'max'],
  ['a table', 'low 0\nhigh 3\noom_kill 1', { low: 0, high: 3, oom_kill: 1 }],
  [
    'pressure',
    'some avg10=0.25 avg60=0.00 avg300=0.00 total=8443\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7',
    {
      some: { avg10: 0.25, avg60: 0, avg300: 0, total: 8443 },
      full: { avg10: 0, avg60: 0, avg300: 0, total: 7 },
    },
  ],
  ['nothing', '', ''],
])('%s of the kernel is read', (_what, text, wanted) => {
  expect(parseStatistic(text)).toEqual(wanted);
});
