import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exposition, type Family } from '../../../src/builtin/metrics/exposition.ts';
import { Histogram } from '../../../src/model/histogram.ts';
import { parsed } from './parsed.ts';
import { promtoolCheck, promtoolReads, pythonReads } from './validators.ts';

const nasty = 'back\\slash, "quotes",\nnew line, {brace} = # ünï 🙂';

const histogram = new Histogram();
for (const seconds of [0.001, 0.005, 0.0051, 3, 1000]) histogram.observe(seconds);

const families: readonly Family[] = [
  { name: 'a_build', type: 'info', help: 'What "it" is:\na \\ thing.', samples: [{ labels: { version: nasty }, value: 1 }] },
  {
    name: 'a_temperature',
    type: 'gauge',
    help: 'How warm.',
    samples: [
      { labels: { at: 'a' }, value: -1.5 },
      { labels: { at: 'b' }, value: Number.NaN },
      { labels: { at: 'c' }, value: Number.POSITIVE_INFINITY },
      { labels: { at: '' }, value: 1e21 },
    ],
  },
  { name: 'a_read_bytes', type: 'counter', help: 'How much was read.', samples: [{ labels: {}, value: 12 }] },
  { name: 'a_wait_seconds', type: 'histogram', help: 'How long.', samples: [{ labels: { kind: 'x' }, value: histogram.read() }] },
  { name: 'a_nothing', type: 'gauge', help: 'What there is nothing of.', samples: [] },
];

test('the two formats differ in what stands above the samples, and in the end', () => {
  expect(exposition(families.slice(2, 3), 'text')).toBe(
    '# HELP a_read_bytes_total How much was read.\n# TYPE a_read_bytes_total counter\na_read_bytes_total 12\n',
  );
  expect(exposition(families.slice(2, 3), 'openMetrics')).toBe(
    '# TYPE a_read_bytes counter\n# UNIT a_read_bytes bytes\n# HELP a_read_bytes How much was read.\na_read_bytes_total 12\n# EOF\n',
  );
  expect(exposition([], 'openMetrics')).toBe('# EOF\n');
  expect(exposition(families, 'text')).not.toContain('a_nothing');
});

test('labels and help are escaped, and read back as they were', () => {
  const text = exposition(families, 'text');
  expect(text).toContain('# HELP a_build_info What "it" is:\\na \\\\ thing.\n');
  expect(exposition(families, 'openMetrics')).toContain('# HELP a_build What \\"it\\" is:\\na \\\\ thing.\n');
  const build = parsed(text).find(({ name }) => name === 'a_build_info');
  expect(build?.metrics).toEqual([{ value: '1', labels: { version: nasty } }]);
});

test('buckets of a histogram are cumulative, and a bound is in its bucket', () => {
  const [waits] = parsed(exposition(families, 'text')).filter(({ type }) => type === 'HISTOGRAM');
  const buckets = { '0.005': '2', '0.01': '3', '2.5': '3', '5.0': '4', '60.0': '4', '+Inf': '5' };
  expect(waits?.metrics[0]?.buckets).toMatchObject(buckets);
  expect(exposition(families, 'text')).toContain('a_wait_seconds_count{kind="x"} 5\n');
  expect(exposition(families, 'text')).toMatch(/^a_wait_seconds_sum\{kind="x"\} 1003\.0111/m);
});

test('promtool and the strict parser of OpenMetrics take all of it', ({ skip }) => {
  const scratch = mkdtempSync(join(tmpdir(), 'muster-metrics-'));
  try {
    const judged = [
      promtoolCheck(exposition(families, 'text')),
      promtoolReads(exposition(families, 'openMetrics'), scratch),
      pythonReads(exposition(families, 'openMetrics')),
    ];
    skip(
      judged.every((each) => each === null),
      'none of them can be had here',
    );
    expect(judged.flatMap((each) => (each === null || each.exit === 0 ? [] : [each]))).toEqual([]);
    // They do find fault.
    const broken = exposition(families, 'openMetrics').replace('# EOF\n', '').replaceAll('a_read_bytes_total', 'a_read_bytes');
    expect(pythonReads(broken)?.exit).not.toBe(0);
    expect(promtoolCheck('no_help 1\n')?.exit).not.toBe(0);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});
