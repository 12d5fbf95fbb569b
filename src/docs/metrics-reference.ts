import { markdownTable } from './markdown-table.ts';

/** What is said of a metric; a part of the families of `builtin:metrics`. */
export interface MetricRow {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly { readonly labels: Readonly<Record<string, string>> }[];
}

/** A table of all metrics by the names under which they are queried, as markdown. */
export function metricsReference(families: readonly MetricRow[]): string {
  const rows = families.map(({ name, type, help, samples }) => {
    const labels = Object.keys(samples[0]?.labels ?? {}).map((label) => `\`${label}\``);
    return [`\`${queried(name, type)}\``, type, labels.join(' '), help];
  });
  return markdownTable([['metric', 'type', 'labels', 'what it is'], ...rows]);
}

function queried(name: string, type: string): string {
  return type === 'counter' ? `${name}_total` : type === 'info' ? `${name}_info` : name;
}
