import * as z from 'zod/mini';
import type { Fields } from '../model/fields/kit.ts';
import { fieldTable, type Kind } from '../model/fields/table.ts';
import type { Rules } from './raw.ts';

const schemas = new Map<Kind, z.ZodMiniObject>();

/** The strict object of all fields of a kind, from the field table. */
export function kindSchema(kind: Kind): z.ZodMiniObject {
  let schema = schemas.get(kind);
  if (schema === undefined) {
    const rows = Object.entries(fieldTable[kind] as Fields);
    schema = z.strictObject(Object.fromEntries(rows.map(([name, row]) => [name, row.schema])));
    schemas.set(kind, schema);
  }
  return schema;
}

/** What is special about fields of entries beyond their schema; the first key of a path decides. */
const rulesOf: Record<string, (path: readonly string[]) => Rules> = {
  module: () => ({ path: 'module' }),
  package: () => ({ path: 'package' }),
  cwd: () => ({ path: 'file' }),
  files: (path) => (path.length === 2 ? { path: 'file' } : {}),
  command: () => ({ written: true }),
  args: () => ({ written: true }),
  env: (path) => ({ data: true, secrets: path.length === 2, written: path.length === 2 }),
  config: (path) => ({ data: true, secrets: path.length > 1 }),
  cgroup: () => ({ data: true }),
  rlimits: () => ({ data: true }),
  umask: () => ({ written: true }),
  waitFor: probe,
  ready: probe,
  health: probe,
  log: (path) => ({ data: path[1] === 'metadata' }),
};
const nothingSpecial: Rules = {};

/** Of a test: the file is relative to the one that names it, a port may be a number, a command is as it is written. */
function probe([, test]: readonly string[]): Rules {
  if (test === 'file') return { path: 'file' };
  return test === 'command' || test === 'tcp' ? { written: true } : nothingSpecial;
}

export function entryRules(path: readonly string[]): Rules {
  const [first] = path;
  return (first === undefined ? undefined : rulesOf[first])?.(path) ?? nothingSpecial;
}
