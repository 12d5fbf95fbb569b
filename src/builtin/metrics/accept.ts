import type { Format } from './exposition.ts';

const openMetrics = 'application/openmetrics-text';
/** Of OpenMetrics, what there are texts for here. */
const versions = ['1.0.0', '0.0.1'];

/** The format that who asks prefers; the older one where none is named, or none that there is. */
export function formatFor(accept: string | undefined): Format {
  const wanted = (accept ?? '').split(',').map(rangeOf);
  const weightOf = (matches: (range: Range) => boolean): number => Math.max(0, ...wanted.filter(matches).map(({ weight }) => weight));
  const newer = weightOf(({ type, version }) => type === openMetrics && (version === undefined || versions.includes(version)));
  const older = weightOf(({ type, version }) => type === 'text/plain' && (version === undefined || version === '0.0.4'));
  return newer > 0 && newer >= older ? 'openMetrics' : 'text';
}

interface Range {
  readonly type: string;
  readonly version: string | undefined;
  readonly weight: number;
}

/** `text/plain;version=0.0.4;q=0.5` */
function rangeOf(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const value = (name: string) =>
    parameters
      .find((parameter) => parameter.startsWith(`${name}=`))
      ?.slice(name.length + 1)
      .replaceAll('"', '');
  const weight = Number(value('q') ?? 1);
  return { type, version: value('version'), weight: Number.isNaN(weight) ? 0 : weight };
}
