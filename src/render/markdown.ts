/** Text as one cell of a table: no bar, line break, tag or emphasis of it takes effect. */
function cell(text: string): string {
  return text
    .replace(/[\\`*_{}[\]<>|~#]/g, (character) => `\\${character}`)
    .replace(/&/g, '&amp;')
    .replace(/\s*[\r\n]+\s*/g, ' ');
}

/** Text in a code fence that nothing in it can close. */
export function fenced(text: string, language: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text.endsWith('\n') ? text : `${text}\n`}${fence}`;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}
