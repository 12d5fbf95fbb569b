import * as z from 'zod/mini';
import type { ConfigSet } from './config-set.ts';
import type { PackageLock } from './package.ts';
import { isFromElsewhere, moduleNameOf, packageSpecKind, withAbsolutePath } from './package-spec.ts';

/** The name of the lock file, beside the config. */
export const lockName = 'muster.lock';

const nullable = z.nullable(z.string());
/** What npm is asked for is made of it. */
const exact = z.string().check(z.regex(/^\d[\w.+-]*$/, 'expected an exact version, such as 1.2.3'));
const locked = z
  .strictObject({ spec: z.string(), version: exact, integrity: nullable, resolved: nullable })
  .check(z.refine(isResolvedAlike, { path: ['resolved'], error: 'expected where the spec leads: it comes from another host' }));
const schema = z.strictObject({ version: z.literal(1), packages: z.record(z.string(), locked) });

/** What keeps a text from being a lock, and where in it; lines and columns from 1. */
export interface LockProblem {
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

export type ParsedLock = { readonly lock: PackageLock } | { readonly problem: LockProblem };

/** Reads the text of a lock; `absolute` completes the paths in it. */
export function parseLock(text: string, absolute: (path: string) => string): ParsedLock {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    const offset = Number(/at position (\d+)/.exec(message)?.[1] ?? text.length);
    return { problem: { message: message.replace(/ at position .*$/s, ''), ...placeAt(text, offset) } };
  }
  const read = schema.safeParse(content);
  if (!read.success) {
    const [issue] = read.error.issues;
    const path = (issue?.path ?? []).map(String);
    const message = `${path.length === 0 ? '' : `${path.join('.')}: `}${issue?.message ?? 'no lock of muster'}`;
    return { problem: { message, ...placeAt(text, offsetOf(text, path)) } };
  }
  const entries = Object.entries(read.data.packages);
  return { lock: new Map(entries.map(([name, each]) => [name, { ...each, spec: withAbsolutePath(each.spec, absolute) }])) };
}

/** What comes from elsewhere is not to be had from a place on this machine. */
function isResolvedAlike({ spec, resolved }: { spec: string; resolved: string | null }): boolean {
  return resolved === null || !isFromElsewhere(spec) || isFromElsewhere(resolved);
}

/** Of the last key on the way that is there. */
function offsetOf(text: string, path: readonly string[]): number {
  let offset = 0;
  for (const key of path) {
    const found = text.indexOf(JSON.stringify(key), offset);
    if (found === -1) break;
    offset = found;
  }
  return offset;
}

function placeAt(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}

/** The config file beside which the lock lies: where modules come from a source, that of the source; null: none is read yet. */
export function lockedFile({ files, source }: Pick<ConfigSet, 'files' | 'source'>): string | null {
  const end = source === null ? '' : `/${source.git.path.replace(/^\.?\//, '')}`;
  return files.find(({ path }) => path.endsWith(end))?.path ?? null;
}

/** Why what is locked is not what is asked for; null: it is. */
export function lockMismatch(module: string, spec: string, lock: PackageLock): { readonly message: string; readonly hint: string } | null {
  const found = lock.get(module);
  if (found === undefined || found.spec === spec) return null;
  return {
    message: `${lockName} has ${module} as ${found.spec} at ${found.version}, and the config asks for ${spec}`,
    hint: `${saveCommand(module, spec)}, or take ${module} out of ${lockName}`,
  };
}

/** The command that declares a package under this name, and locks it. */
export function saveCommand(module: string, spec: string): string {
  const kind = packageSpecKind(spec);
  const isNamed = kind.kind === 'registry' && moduleNameOf(kind.name) === module;
  return `muster install --save ${isNamed ? '' : `--name ${module} `}${spec}`;
}
