import type * as z from 'zod/mini';
import { argument, duration, envValue, flag, number, percent, size } from '../model/fields/kit.ts';

export type Schema = z.core.$ZodType;

/** Schemas that have a name of their own. */
const named = new Map<Schema, string>([
  [duration, 'duration'],
  [size, 'size'],
  [percent, 'percentage'],
  [number, 'number'],
  [flag, 'boolean'],
  [argument, 'string'],
  [envValue, 'string, secret or null'],
]);

/** The definition of a schema, as far as this file looks into it. */
interface Definition {
  readonly type: string;
  readonly innerType?: Schema;
  readonly in?: Schema;
  readonly element?: Schema;
  readonly valueType?: Schema;
  readonly options?: readonly Schema[];
  readonly items?: readonly Schema[];
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly entries?: Readonly<Record<string, string>>;
  readonly values?: readonly unknown[];
}

const definitionOf = (schema: Schema): Definition => schema._zod.def as unknown as Definition;

/** Without what only says that it may be left out. */
export function unwrap(schema: Schema): Schema {
  const { type, innerType } = definitionOf(schema);
  return ['default', 'prefault', 'optional'].includes(type) && innerType !== undefined ? unwrap(innerType) : schema;
}

/** What may be written, in words. */
export function typeText(schema: Schema): string {
  const bare = unwrap(schema);
  const name = named.get(bare);
  if (name !== undefined) return name;
  const { type, in: input, element, valueType, options = [], items = [], entries = {}, values = [] } = definitionOf(bare);
  switch (type) {
    case 'enum':
      return Object.values(entries).map(code).join(' | ');
    case 'literal':
      return values.map((value) => code(String(value))).join(' | ');
    case 'pipe':
      return input === undefined ? 'string' : typeText(input);
    case 'array':
      return element === undefined ? 'list' : `list of ${plural(typeText(element))}`;
    case 'tuple':
      return `pair of ${plural(items.length === 0 ? 'value' : typeText(items[0] as Schema))}`;
    case 'record':
      return valueType === undefined || definitionOf(valueType).type === 'unknown' ? 'map' : `map to ${typeText(valueType)}`;
    case 'object':
      return 'map';
    case 'union': {
      const all = [...new Set(options.map(typeText))];
      // A number may also be written as the text of one: interpolation only makes strings.
      return all.join(' or ') === 'number or string' ? 'number' : all.join(' or ');
    }
    default:
      return type;
  }
}

/** What is taken where nothing is written; undefined where there is nothing. Canonical: durations in ms. */
export function defaultOf(schema: Schema): unknown {
  const result = (schema as unknown as z.ZodMiniType).safeParse(undefined);
  return result.success ? result.data : undefined;
}

/** The keys of a structure, also of one below another. */
export function partsOf(schema: Schema): { path: string[]; schema: Schema }[] {
  const { type, shape = {} } = definitionOf(unwrap(schema));
  if (type !== 'object') return [];
  return Object.entries(shape).flatMap(([key, inner]) => {
    const below = partsOf(inner).map((part) => ({ path: [key, ...part.path], schema: part.schema }));
    return below.length > 0 ? below : [{ path: [key], schema: inner }];
  });
}

const code = (text: string): string => `\`${text}\``;
const plural = (text: string): string => text.replace(/\b(?:string|number|duration|size|map|value)\b/g, '$&s').replace(/^pair\b/, 'pairs');
