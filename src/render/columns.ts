/** Rows with aligned columns, two spaces apart, nothing cut. `right` names the columns of numbers. */
export function columns(rows: readonly (readonly string[])[], right: ReadonlySet<number> = new Set()): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, index) => (right.has(index) ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** Labels on the left, values beside them; values of several lines are indented. */
export function pairs(rows: readonly (readonly [string, string])[], style: { dim(text: string): string }): string {
  const width = Math.max(0, ...rows.map(([label]) => label.length)) + 2;
  const indent = ' '.repeat(width);
  return rows.map(([label, value]) => `${style.dim(label.padEnd(width))}${value.replaceAll('\n', `\n${indent}`)}\n`).join('');
}
