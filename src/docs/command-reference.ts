import { markdownTable } from './markdown-table.ts';

/** What is said of a command; a part of the CLI's own table. */
export interface CommandRow {
  readonly name: string;
  readonly operands?: string;
  readonly summary: string;
  readonly details?: string;
  readonly options?: readonly { readonly flags: string; readonly doc: string; readonly hidden?: boolean }[];
  readonly examples: readonly string[];
  readonly hidden?: boolean;
}

/** A section for each command, as markdown. What is hidden is left out. */
export function commandReference(table: readonly CommandRow[]): string {
  return table
    .filter(({ hidden }) => hidden !== true)
    .map(section)
    .join('\n\n');
}

function section({ name, operands = '', summary, details, options = [], examples }: CommandRow): string {
  const shown = options.filter(({ hidden }) => hidden !== true);
  const rows = shown.map(({ flags, doc }) => [`\`${flags}\``, doc]);
  const parts = [
    `### \`${`${name} ${operands}`.trim()}\``,
    `${sentence(summary)}${details === undefined ? '' : ` ${details.replaceAll('\n', ' ')}`}`,
    `\`\`\`sh\n${examples.join('\n')}\n\`\`\``,
    ...(rows.length === 0 ? [] : [markdownTable([['option', ''], ...rows])]),
  ];
  return parts.join('\n\n');
}

const sentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
