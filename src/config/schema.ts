import * as z from 'zod/mini';
import { type Kind, kindKey, kinds, writableFields } from '../model/fields/table.ts';
import { hostDefaults } from './hosts.ts';
import { kindSchema } from './kind-schema.ts';
import { receiverSchema } from './notify.ts';
import { sourceSchema } from './source.ts';
import { sugarKeys } from './sugar.ts';
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
        properties: { ...Object.fromEntries(kinds.map((kind) => [kind, defaultsOf(kind)])), hosts: hostDefaultsSchema() },
        additionalProperties: false,
        patternProperties: ignored,
      },
      modules: named({ $ref: '#/$defs/entry' }, namePattern),
      hosts: named({ $ref: '#/$defs/host' }),
      alternatives: { type: 'object', additionalProperties: { type: 'string' } },
      policy: withIgnored(inputSchema(policySchema)),
      source: withIgnored(inputSchema(sourceSchema)),
      notify: { type: 'array', items: withIgnored(inputSchema(receiverSchema)) },
    }),
    additionalProperties: false,
    patternProperties: ignored,
    $defs: {
      entry: anyOf(...kinds.map((kind) => ({ $ref: `#/$defs/${kind}` }))),
      ...Object.fromEntries(kinds.map((kind) => [kind, fieldsOf(kind, [kindKey[kind]])])),
      host: anyOf({ type: 'object', properties: hostFields(), additionalProperties: false, patternProperties: ignored }),
      component: anyOf(
        ...kinds.map((kind) => ({ $ref: `#/$defs/${kind}` })),
        ...sugarKeys.map(({ name }) => ({
          ...fieldsOf('code', [name]),
          properties: { ...sugars(name), ...defaultsOf('code').properties },
        })),
      ),
    },
  };
}

const hostService = {
  type: 'string',
  default: hostDefaults.service,
  description: 'Who loads the host and, unless they say otherwise, its components.',
};
const components = {
  ...named({ $ref: '#/$defs/component' }),
  description: 'By domain. They are loaded by the service of the host, require the host, and inherit its `config`, key by key.',
};

/** An entry in one of these forms, or short for one; null only in a later file of several, where it removes the entry. */
function anyOf(...forms: Schema[]): Schema {
  const short = { type: 'string', description: 'The module: a path, a bare name on modulePath, or builtin:NAME.' };
  return { anyOf: [short, ...forms, { type: 'null' }] };
}

function hostFields(): Record<string, Schema> {
  return { ...properties('command'), ...sugars(), ...properties('code'), service: hostService, components };
}

/** All of them, or one. */
function sugars(only?: string): Record<string, Schema> {
  const chosen = sugarKeys.filter(({ name }) => only === undefined || name === only);
  return Object.fromEntries(chosen.map(({ name, doc }) => [name, { type: ['string', 'number', 'object'], description: doc }]));
}

function hostDefaultsSchema(): Schema {
  const description = 'Fields for all hosts that do not say otherwise. Of these their components inherit `service` and `config`.';
  return { ...fieldsOf('code', []), properties: { ...properties('code'), service: hostService }, description };
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
function defaultsOf(kind: Kind): Schema & { properties: Record<string, Schema> } {
  const { [kindKey[kind]]: _, ...rest } = properties(kind);
  return { ...fieldsOf(kind, []), properties: rest };
}

function properties(kind: Kind): Record<string, Schema> {
  const { properties: schemas = {} } = inputSchema(kindSchema(kind)) as { properties?: Record<string, Schema> };
  return Object.fromEntries(
    Object.entries(writableFields(kind)).map(([name, { doc }]) => [name, { description: doc, ...withIgnored(schemas[name] ?? {}) }]),
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
