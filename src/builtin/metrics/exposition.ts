import type { HistogramDoc } from '../../model/histogram.ts';

export type Labels = Readonly<Record<string, string>>;

/** One time series with its value now. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number | HistogramDoc;
}

/** A metric. Its name is without the `_total` of a counter and the `_info` of an info; where it has a unit it ends with that. */
export interface Family {
  readonly name: string;
  readonly type: 'gauge' | 'counter' | 'info' | 'histogram';
  readonly help: string;
  readonly samples: readonly Sample[];
}

export type Format = 'openMetrics' | 'text';

export const contentTypes: Readonly<Record<Format, string>> = {
  openMetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  text: 'text/plain; version=0.0.4; charset=utf-8',
};

const suffixes = { gauge: '', counter: '_total', info: '_info', histogram: '' } as const;
const units = ['seconds', 'bytes'];

/** The text that Prometheus reads: OpenMetrics 1.0, or its own older format. */
export function exposition(families: readonly Family[], format: Format): string {
  const lines = families.filter(({ samples }) => samples.length > 0).flatMap((family) => [...headOf(family, format), ...linesOf(family)]);
  if (format === 'openMetrics') lines.push('# EOF');
  return `${lines.join('\n')}\n`;
}

function headOf({ name, type, help }: Family, format: Format): string[] {
  if (format === 'text') {
    const full = `${name}${suffixes[type]}`;
    return [`# HELP ${full} ${escaped(help)}`, `# TYPE ${full} ${type === 'info' ? 'gauge' : type}`];
  }
  const unit = units.find((one) => name.endsWith(`_${one}`));
  return [`# TYPE ${name} ${type}`, ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]), `# HELP ${name} ${quoted(help)}`];
}

function linesOf({ name, type, samples }: Family): string[] {
  const full = `${name}${suffixes[type]}`;
  return samples.flatMap(({ labels, value }) =>
    typeof value === 'number' ? `${full}${labelsText(labels)} ${numberText(value)}` : histogramLines(name, labels, value),
  );
}

function histogramLines(name: string, labels: Labels, { bounds, counts, sum, count }: HistogramDoc): string[] {
  let below = 0;
  const buckets = [...bounds, Number.POSITIVE_INFINITY].map((bound, index) => {
    below += counts[index] ?? 0;
    const le = Number.isInteger(bound) ? `${bound}.0` : numberText(bound);
    return `${name}_bucket${labelsText({ ...labels, le })} ${below}`;
  });
  return [...buckets, `${name}_sum${labelsText(labels)} ${numberText(sum)}`, `${name}_count${labelsText(labels)} ${count}`];
}

function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${quoted(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function quoted(text: string): string {
  return escaped(text).replaceAll('"', '\\"');
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}
