/** What reads the same in markdown: no character of it marks up anything, wherever it stands in a line. */
const plain = /^[A-Za-z0-9 .,:;()'"/+=-]*$/;
/** What GitHub or GitLab make links, pictures or references of, of such characters alone. */
const alive = /:[\w+-]+:|:\/\/|www\.|GH-\d|\b[0-9a-f]{7,40}\b/i;

/**
 * Text on one line in which nothing takes effect: no tag, mention, link, emphasis, bar or line break. What is more than words
 * and numbers becomes code, where no platform looks for mentions or references, with each character that could end it as
 * an entity, which markup is never made of.
 */
export function inline(text: string): string {
  const line = visible(text).replace(/\s+/g, ' ').trim();
  if (plain.test(line) && !alive.test(line)) return line;
  const inert = line.replace(/[^\p{L}\p{N} ,;/+=-]/gu, (character) => `&#${character.codePointAt(0)};`);
  return `<code>${inert}</code>`;
}

/** Lines as they can stand in a fence, where none of them passes for a hidden line of muster. */
export function fenceable(text: string): readonly string[] {
  const bounded = visible(text).replace(/`{9,}/g, (run) => `(${run.length} backticks)`);
  return bounded
    .replace(/<!--(?=\s*muster:)/gi, '<!- -')
    .trimEnd()
    .split('\n');
}

/** Lines in a code fence that nothing in them can close. */
export function fenced(lines: readonly string[], language: string): string {
  const runs = lines.flatMap((line) => line.match(/`+/g) ?? []);
  const fence = '`'.repeat(runs.reduce((longest, { length }) => Math.max(longest, length), 2) + 1);
  return [`${fence}${language}`, ...lines, fence].join('\n');
}

/** A row of a table; its cells are written already. */
export function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** The rows that begin a table. */
export function headOf(cells: readonly string[]): readonly string[] {
  return [row(cells), `|${'---|'.repeat(cells.length)}`];
}

/** A comment that nobody sees, e.g. for a bot to find its own post again. */
export function hidden(text: string): string {
  return `<!-- ${text.replace(/[^\w=.: -]/g, '_').replace(/--+/g, '_')} -->`;
}

/** Without characters that are not seen, or that turn others round: what is read is what is there. */
function visible(text: string): string {
  return text
    .replace(invisible, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
    .replace(/\r\n?|[\u2028\u2029]/g, '\n');
}

const invisible = /[^\P{C}\n\r]|[\p{Default_Ignorable_Code_Point}]/gu;
