import type { OutdatedDoc } from '../model/documents.ts';
import { columns } from './columns.ts';
import { plainStyle, type Style } from './style.ts';

/** What `outdated` prints. */
export function outdatedText({ packages }: OutdatedDoc, style: Style = plainStyle): string {
  const rows = packages.map(({ name, spec, current, wanted, latest, problem }) => [
    name,
    current ?? '-',
    wanted ?? '-',
    latest ?? '-',
    spec,
    problem ?? '',
  ]);
  const [first = '', ...rest] = columns([['Module', 'Current', 'Wanted', 'Latest', 'Spec', 'Why'], ...rows], new Set());
  return [style.bold(first), ...rest].join('\n');
}
