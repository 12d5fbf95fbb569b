/** How long ago, in at most two units: `5s`, `3m12s`, `2h5m`, `4d3h`. */
export function ageText(sinceIso: string, now: number): string {
  return spanText(now - Date.parse(sinceIso));
}

const units: readonly (readonly [string, number])[] = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
];

/** Milliseconds in at most two units; never negative. */
export function spanText(ms: number): string {
  let rest = Number.isFinite(ms) ? Math.max(0, Math.floor(ms / 1000)) : 0;
  const first = units.findIndex(([, seconds]) => rest >= seconds);
  if (first === -1) return '0s';
  let text = '';
  for (const [unit, seconds] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    if (count > 0) text += `${count}${unit}`;
  }
  return text;
}
