import * as z from 'zod/mini';
import type { Fields } from '../model/fields/kit.ts';
import { fieldTable, type Kind, kindKey, kinds } from '../model/fields/table.ts';
import { kindSchema } from './kind-schema.ts';
import { policySchema, topKeys } from './top.ts';

type Schema = Record<string, unknown>;

/** Keys of the user's own. */
const ignored = { '^x-': {} };
const namePattern = '^(?!(?:muster|all|none|__proto__|constructor|prototype)$)[A-Za-z0-9_-]+(?:\\.[A-Za-z0-9_-]+)*$';
const texts = { type: 'array', items: { type: 'string' } };

/** The JSON Schema (draft 2020-12) of the config file, made from the field table. */
export function jsonSchema(): unknown {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'muster config',
    type: 'object',
    properties: described({
      version: { const: 1 },
      modulePath: texts,
      include: texts,
      defaults: {
        type: 'object',
        properties: Object.fromEntries(kinds.map((kind) => [kind, defaultsOf(kind)])),
        additionalProperties: false,
        patternProperties: ignored,
      },
      modules: named({ $ref: '#/$defs/entry' }, namePattern),
      hosts: named({ $ref: '#/$defs/host' }),
      alternatives: { type: 'object', additionalProperties: { type: 'string' } },
      policy: withIgnored(inputSchema(policySchema)),
      source: { type: 'object' },
      notify: { type: 'array', items: { type: 'object' } },
    }),
    additionalProperties: false,
    patternProperties: ignored,
    $defs: {
      entry: {
        anyOf: [
          { type: 'string', description: 'The module: a path, a bare name on modulePath, or builtin:NAME.' },
          ...kinds.map((kind) => ({ $ref: `#/$defs/${kind}` })),
          // Only in a later file of several: it removes the entry.
          { type: 'null' },
        ],
      },
      ...Object.fromEntries(kinds.map((kind) => [kind, fieldsOf(kind, [kindKey[kind]])])),
      host: {
        type: 'object',
        properties: {
          service: { type: 'string', description: 'Who loads the host and its components.' },
          components: { ...named({ $ref: '#/$defs/entry' }), description: 'By domain; they inherit the config of the host.' },
          ...properties('code'),
        },
        additionalProperties: false,
        patternProperties: ignored,
      },
    },
  };
}

function described(schemas: Record<keyof typeof topKeys, Schema>): Record<string, Schema> {
  return Object.fromEntries(
    Object.entries(topKeys).map(([name, doc]) => [name, { description: doc, ...schemas[name as keyof typeof topKeys] }]),
  );
}

function named(value: Schema, pattern?: string): Schema {
  const names = pattern === undefined ? {} : { propertyNames: { pattern } };
  return { type: 'object', additionalProperties: value, ...names };
}

function fieldsOf(kind: Kind, required: readonly string[]): Schema {
  return {
    type: 'object',
    properties: properties(kind),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
    patternProperties: ignored,
  };
}

/** What an entry is has no default. */
function defaultsOf(kind: Kind): Schema {
  const { [kindKey[kind]]: _, ...rest } = properties(kind);
  return { ...fieldsOf(kind, []), properties: rest };
}

function properties(kind: Kind): Record<string, Schema> {
  const { properties: schemas = {} } = inputSchema(kindSchema(kind)) as { properties?: Record<string, Schema> };
  const rows = fieldTable[kind] as Fields;
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, { description: rows[name]?.doc, ...withIgnored(schema) }]),
  );
}

/** What may be written, not what becomes of it. */
function inputSchema(schema: z.core.$ZodType): Schema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' }) as Schema;
  return rest;
}

/** Closed objects, however deep, let `x-` keys pass, as the compiler does. */
function withIgnored(schema: Schema): Schema {
  const copy: Schema = {};
  for (const [key, value] of Object.entries(schema)) copy[key] = key === 'default' || key === 'enum' ? value : inside(value);
  return copy.additionalProperties === false ? { ...copy, patternProperties: ignored } : copy;
}

function inside(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inside);
  return value !== null && typeof value === 'object' ? withIgnored(value as Schema) : value;
}
