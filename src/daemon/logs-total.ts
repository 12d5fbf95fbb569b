import { parseSize } from '../model/units.ts';

const usual = 4 * 1024 ** 3;

/** What the logs of all modules may have together, by `MUSTER_LOG_TOTAL` (as `512M`; 0 = no bound). */
export function logsTotal(env: Readonly<Record<string, string | undefined>>): number {
  const text = env.MUSTER_LOG_TOTAL;
  if (text === '0') return 0;
  return (text === undefined ? null : parseSize(text)) ?? usual;
}
