import type { CgroupDoc, Statistic } from '../model/documents.ts';
import { pairs } from './columns.ts';
import { plainStyle, type Style } from './style.ts';

/** `cgroup NAME` on a screen. */
export function cgroupText({ path, settings, statistics }: CgroupDoc, style: Style = plainStyle): string {
  const { raw = {}, ...typed } = settings as { readonly raw?: Readonly<Record<string, unknown>> };
  const set = Object.entries({ ...typed, ...raw }).map(([key, value]) => `${key}: ${value}`);
  const counted = Object.entries(statistics).map(([file, value]) => `${file}: ${statisticText(value)}`);
  return pairs(
    [
      ['Path', path],
      ['Settings', set.length === 0 ? 'none' : set.join('\n')],
      ['Statistics', counted.join('\n')],
    ],
    style,
  );
}

function statisticText(value: Statistic): string {
  if (typeof value !== 'object') return String(value);
  const parts = Object.entries(value).map(([name, inner]) => `${name} ${statisticText(inner)}`);
  return parts.join(', ');
}
