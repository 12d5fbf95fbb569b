import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import * as z from 'zod/mini';
import { MusterError, messageOf } from '../model/error.ts';
import { kinds } from '../model/fields/table.ts';
import { states } from '../model/module.ts';
import { nameProblem } from '../model/name.ts';
import { type StateDoc, stateKind } from '../model/state-doc.ts';
import { documentChecksum } from '../plan/checksum.ts';

const makeOne = 'make one with: muster export --out state.json';

/**
 * The exported state in a file; null where that is something else, such as a config. Throws EINVAL for one that is damaged, of a
 * format that this muster does not read, or another document of muster.
 */
export async function readState(path: string, cwd: string): Promise<StateDoc | null> {
  // What cannot be read is told by who reads it as a config.
  const text = await readFile(path, 'utf8').catch(() => '');
  if (!/^\s*\{/.test(text)) return null;
  const shown = relative(cwd, path);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    // A config in flow style begins with a brace too.
    if (!/^\s*\{\s*"kind":\s*"State"/.test(text)) return null;
    throw damaged(shown, `${messageOf(error)}`);
  }
  const { kind, formatVersion } = document as { kind?: unknown; formatVersion?: unknown };
  if (kind === 'Plan' || kind === 'Result') {
    throw new MusterError('EINVAL', `${shown} is a ${kind}, and no exported state`, { hint: makeOne });
  }
  return kind === stateKind ? checked(document as Record<string, unknown>, formatVersion, shown) : null;
}

function checked(document: Record<string, unknown>, formatVersion: unknown, shown: string): StateDoc {
  if (typeof formatVersion !== 'string' || !/^1\.\d+$/.test(formatVersion)) {
    const said = typeof formatVersion === 'string' ? `formatVersion ${JSON.stringify(formatVersion)}` : 'no formatVersion';
    throw new MusterError('EINVAL', `${shown} has ${said}; this muster reads 1.x`, { hint: 'export it with this version of muster' });
  }
  const { checksum, ...rest } = document;
  if (checksum !== sumOf(rest)) throw damaged(shown, 'its checksum is another');
  const parsed = schema.safeParse(document);
  if (parsed.success) return parsed.data as unknown as StateDoc;
  const [issue] = parsed.error.issues;
  throw damaged(shown, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`);
}

/** Null for what is nested deeper than anything that muster writes. */
function sumOf(document: object): string | null {
  try {
    return documentChecksum(document);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function damaged(shown: string, why: string): MusterError {
  return new MusterError('EINVAL', `${shown} is not as it was exported: ${why}`, { hint: makeOne });
}

const name = z.string().check(z.refine((text) => nameProblem(text) === null, { error: 'no name of a module' }));
const count = z.int().check(z.nonnegative());
const texts = z.array(z.string());
const moment = z.string().check(z.refine((text) => !Number.isNaN(Date.parse(text)), { error: 'no time' }));
const position = z.object({ file: z.string(), line: count, column: count });
const tree = z.record(z.string(), z.unknown());
const limit = z.union([count, z.string()]);

/** What the planner reads of a spec; all else is only compared and shown. */
const spec = z.looseObject({
  disabled: z.boolean(),
  args: texts,
  env: tree,
  files: texts,
  requires: z.array(z.union([z.string(), z.object({ name: z.string(), reload: z.boolean() })])),
  after: texts,
  provides: texts,
  priority: z.number(),
  prune: z.boolean(),
  protect: z.boolean(),
  service: z.optional(z.string()),
  host: z.optional(z.string()),
  renamedFrom: z.optional(z.string()),
  isolation: z.optional(z.string()),
});

const policy = z.looseObject({
  prune: z.enum(['owned', 'none', 'all']),
  maxRemovals: limit,
  maxUnavailable: limit,
  allowEmpty: z.boolean(),
  onFailure: z.enum(['continue', 'stop', 'rollback']),
});

const loaded = z.looseObject({
  name,
  kind: z.enum(kinds as [(typeof kinds)[number]]),
  spec,
  codeDigest: z.nullable(z.string()),
  path: z.string(),
  version: z.optional(z.string()),
  source: z.nullable(position),
  origin: z.enum(['config', 'manual', 'service']),
  generation: count,
  state: z.enum(states as unknown as ['I']),
  failed: z.boolean(),
  reconfigurable: z.boolean(),
  started: z.boolean(),
  finished: z.optional(z.object({ at: z.number(), why: z.string() })),
  withheld: z.optional(z.literal(true)),
  masked: z.optional(z.literal(true)),
});

const hold = z.looseObject({
  name: z.string(),
  reason: z.string(),
  since: moment,
  until: z.nullable(moment),
  stopped: z.optional(z.boolean()),
});

const schema = z.looseObject({
  exportedAt: moment,
  version: z.string(),
  target: z.object({ daemonId: z.string(), host: z.string(), serial: count, generation: count }),
  config: z.looseObject({ files: texts, revision: z.nullable(z.string()) }),
  applied: z.nullable(z.looseObject({ policy, names: z.array(name) })),
  holds: z.array(hold),
  drift: z.array(z.object({ name, text: z.string() })),
  settings: z.record(z.string(), tree),
  registered: z.record(z.string(), z.string()),
  env: texts,
  modules: z.array(loaded),
});
