import type { Change, Field, Fields } from '../model/fields/kit.ts';
import { type Kind, kindKey, kinds, writableFields } from '../model/fields/table.ts';
import { formatDuration, formatSize } from '../model/units.ts';
import { markdownTable } from './markdown-table.ts';
import { defaultOf, partsOf, type Schema, typeText, unwrap } from './types.ts';

const effects: Record<Change, string> = { live: 'live', reconfigure: 'reconfigure', reload: 'reload', ignored: 'none' };

/** The tables of all fields, by kind, as markdown. What several kinds have alike stands in one table of its own. */
export function fieldReference(): string {
  const alike = Object.keys(writableFields('code')).filter((name) => kinds.every((kind) => sameRow(name, kind)));
  const own = (kind: Kind): Fields => Object.fromEntries(Object.entries(writableFields(kind)).filter(([name]) => !alike.includes(name)));
  const shared = Object.fromEntries(alike.map((name) => [name, writableFields('code')[name] as Field]));
  const sections = kinds.map((kind) => `### Fields of \`${kindKey[kind]}:\` entries\n\n${tableOf(own(kind))}`);
  return [...sections, `### Fields of all entries\n\n${tableOf(shared)}`].join('\n\n');
}

function sameRow(name: string, kind: Kind): boolean {
  return writableFields(kind)[name] === writableFields('code')[name];
}

function tableOf(fields: Fields): string {
  const rows = Object.entries(fields).flatMap(([name, field]) => [rowOf(name, field), ...partRows(name, field)]);
  return markdownTable([['field', 'type', 'default', 'change', 'what it does'], ...rows]);
}

function rowOf(name: string, field: Field): string[] {
  const { schema, change, doc } = field;
  const inParts = partsOf(schema).length > 0;
  const value = inParts ? '' : valueText(defaultOf(schema), schema);
  return [`\`${name}\``, typeText(schema), value, effects[change], doc];
}

/** The keys of a structure, each on a line below it; what they do stands in the text of the page. */
function partRows(name: string, field: Field): string[][] {
  return partsOf(field.schema).map(({ path, schema }) => [
    `\`${name}.${path.join('.')}\``,
    typeText(schema),
    valueText(defaultOf(schema), schema),
    effects[field.change],
    '',
  ]);
}

function valueText(value: unknown, schema: Schema): string {
  if (value === undefined) return '';
  const type = typeText(unwrap(schema));
  if (type === 'duration' && typeof value === 'number') return `\`${formatDuration(value)}\``;
  if (type === 'size' && typeof value === 'number') return `\`${formatSize(value)}\``;
  if (typeof value === 'object' && value !== null && 'alive' in value) return '`alive`';
  return `\`${typeof value === 'string' && value !== '' ? value : JSON.stringify(value)}\``;
}
