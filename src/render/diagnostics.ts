import type { Diagnostic } from '../model/diagnostic.ts';
import { revisionText } from './source.ts';
import { plainStyle, printable, type Style } from './style.ts';

/**
 * Findings about a config, one below the other, without a final newline. With the texts of the files (by absolute path)
 * also the line and a caret below the place; without them one line each and its hint.
 */
export function diagnosticsText(
  diagnostics: readonly Diagnostic[],
  style: Style = plainStyle,
  sources?: ReadonlyMap<string, string>,
): string {
  return diagnostics.map((diagnostic) => one(diagnostic, style, sources?.get(diagnostic.file))).join('\n');
}

function one(diagnostic: Diagnostic, style: Style, source: string | undefined): string {
  const { severity, code, message, hint, file, line, column, revision } = diagnostic;
  // As git writes a file of a commit.
  const of = revision === undefined ? '' : `${revisionText(revision)}:`;
  const place = file === '' ? '' : style.bold(`${of}${printable(file)}:${line}:${column}`).concat(': ');
  const lines = [`${place}${style[severity](severity)} ${code}: ${printable(message)}`];
  if (source !== undefined) lines.push(...excerpt(diagnostic, source, style));
  if (hint !== undefined) lines.push(`  ${style.dim('hint:')} ${printable(hint)}`);
  return lines.join('\n');
}

/** The line and the caret. Tabs stay tabs in both, so that the caret stands where it should. */
function excerpt({ line, column, endLine, endColumn, severity }: Diagnostic, source: string, style: Style): string[] {
  const text = source.split('\n')[line - 1]?.replace(/\r$/, '');
  if (text === undefined) return [];
  const number = String(line);
  const before = text
    .slice(0, column - 1)
    .replace(/[^\t]/g, ' ')
    .padEnd(column - 1);
  const end = endLine === line ? endColumn : text.length + 1;
  const length = Math.max(1, Math.min(end, text.length + 1) - column);
  return [
    `  ${style.dim(`${number} |`)} ${text}`,
    `  ${style.dim(`${' '.repeat(number.length)} |`)} ${before}${style[severity]('^'.repeat(length))}`,
  ];
}
