const durationUnits: readonly (readonly [string, number])[] = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
];
const sizeUnits: readonly (readonly [string, number])[] = [
  ['T', 1024 ** 4],
  ['G', 1024 ** 3],
  ['M', 1024 ** 2],
  ['K', 1024],
];

/** `250ms`, `10s`, `5m`, `1h30m`, `0` -> milliseconds; null if it is no duration. */
export function parseDuration(text: string): number | null {
  if (text === '0') return 0;
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(text)) return null;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    total += Number(amount) * (durationUnits.find(([name]) => name === unit)?.[1] ?? 0);
  }
  return Number.isSafeInteger(Math.round(total)) ? Math.round(total) : null;
}

/** Milliseconds -> the shortest exact duration, e.g. 90000 -> `1m30s`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0';
  let rest = ms;
  let text = '';
  for (const [unit, factor] of durationUnits) {
    const count = Math.floor(rest / factor);
    if (count === 0) continue;
    text += `${count}${unit}`;
    rest -= count * factor;
  }
  return text;
}

/** `64K`, `256M`, `1.5G`, `4096` -> bytes (powers of 1024); null if it is no size. */
export function parseSize(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)([KMGT])?(?:i?B)?$/.exec(text);
  if (match === null) return null;
  const bytes = Number(match[1]) * (sizeUnits.find(([unit]) => unit === match[2])?.[1] ?? 1);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** Bytes -> the largest unit that is exact, e.g. 10485760 -> `10M`. */
export function formatSize(bytes: number): string {
  const unit = bytes === 0 ? undefined : sizeUnits.find(([, factor]) => bytes % factor === 0);
  return unit === undefined ? String(bytes) : `${bytes / unit[1]}${unit[0]}`;
}

/** `50%` -> 0.5; null if it is no percentage from 0% to 100%. */
export function parsePercent(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)%$/.exec(text);
  const share = match === null ? Number.NaN : Number(match[1]) / 100;
  return share <= 1 ? share : null;
}
