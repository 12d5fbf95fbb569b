/**
 * One row: what was measured, how it compares with its bound, and in `n` how often. `bound` is a number that the value must not
 * be above, or with `atLeast` not below; a row without one is for information.
 */
export function row(what, { value, bound, atLeast = false, unit = '', n, note = '' }) {
  const ok = bound === undefined || (atLeast ? value >= bound : value <= bound);
  return { what, value, bound, atLeast, unit, n, note, ok };
}

export function printTable(rows) {
  const lines = rows.map(({ what, value, bound, atLeast, unit, n, note, ok }) => [
    what,
    `${round(value)}${unit}`,
    bound === undefined ? '' : `${atLeast ? '>=' : '<='} ${bound}${unit}`,
    bound === undefined ? '' : ok ? 'ok' : 'MISSED',
    String(n),
    note,
  ]);
  const table = [['what', 'measured', 'bound', '', 'n', 'how'], ...lines];
  const widths = table[0].map((_, column) => Math.max(...table.map((line) => line[column].length)));
  for (const line of table)
    console.log(
      line
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    );
}

function round(value) {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(3).replace(/0$/, '');
}
