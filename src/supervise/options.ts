import { basename, resolve } from 'node:path';
import type * as z from 'zod/mini';
import { complaints } from '../config/issues.ts';
import { kindSchema } from '../config/kind-schema.ts';
import { MusterError, messageOf } from '../model/error.ts';
import type { commandFields } from '../model/fields/command.ts';
import type { Field } from '../model/fields/kit.ts';
import type { CommandSpec } from '../model/fields/table.ts';
import type { ProcessExit } from '../model/keeper.ts';
import { nameProblem } from '../model/name.ts';
import { didYouMean } from '../model/suggest.ts';
import type { OutputRecord } from './lines.ts';

/** Fields of a `command:` entry that mean something for a single program. */
const taken = [
  ...(['command', 'args', 'arg0', 'cwd', 'env', 'stopSignal', 'stopTimeout', 'startTimeout', 'waitFor', 'ready', 'health'] as const),
  ...(['oneshot', 'exitStatus', 'log', 'restart', 'containment', 'cgroup', 'user', 'group', 'groups', 'umask', 'rlimits'] as const),
  ...(['noNewPrivileges', 'allowRoot'] as const),
];
const ownKeys = ['name', 'logDir', 'onOutput', 'unread', 'signal'] as const;

type Given = { readonly [F in (typeof taken)[number]]?: (typeof commandFields)[F] extends Field<infer S> ? z.input<S> | undefined : never };

/** What the end of a program means: as it should be, not so, or whatever it was, that it is not to be started again. */
export type ExitMeaning = 'success' | 'failure' | 'noRestart';

/** As a `command:` entry of a config has it, with functions where a program can say more than a file, and what only a program has. */
export interface SuperviseOptions extends Omit<Given, 'command' | 'env' | 'waitFor' | 'exitStatus' | 'log'> {
  readonly command: readonly (string | number)[];
  /** Beside PATH, HOME, USER, SHELL, LANG, LC_*, TZ and TMPDIR of the caller; null unsets. */
  readonly env?: Readonly<Record<string, string | number | boolean | null>>;
  /** Called before each start; the program is started when it returns. The signal aborts when that is not wanted any more. */
  readonly waitFor?: Given['waitFor'] | ((signal: AbortSignal) => unknown);
  readonly exitStatus?: Given['exitStatus'] | ((exit: ProcessExit) => ExitMeaning);
  readonly log?: Omit<NonNullable<Given['log']>, 'sink' | 'transform'> & {
    /** Rules, or a function that gets each line before anything else does; what is no UTF-8 is replaced in it. */
    readonly transform?: NonNullable<Given['log']>['transform'] | ((line: string) => string);
  };
  /** For messages and logs; without it that of the program. */
  readonly name?: string;
  /** Output is kept here too, in `NAME.log`, rotated as `log` says. */
  readonly logDir?: string;
  /** Called with each line. */
  readonly onOutput?: (record: OutputRecord) => void;
  /** Bytes of output that may wait for whoever iterates over it; 1 MiB. */
  readonly unread?: number;
  /** Stops the program. */
  readonly signal?: AbortSignal;
}

export interface Calls {
  readonly waitFor: ((signal: AbortSignal) => unknown) | null;
  readonly exitStatus: ((exit: ProcessExit) => ExitMeaning) | null;
  readonly transform: ((line: string) => string) | null;
}

/** The options in their canonical form. Throws EINVAL with all that is wrong. */
export function checkOptions(options: SuperviseOptions): { name: string; spec: CommandSpec; calls: Calls } {
  const known: readonly string[] = [...taken, ...ownKeys];
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown !== undefined) throw invalid(`unknown option "${unknown}"`, didYouMean(unknown, known));

  const { waitFor, exitStatus, log = {} } = options;
  if ('sink' in log) throw invalid('log.sink: output comes to the caller', 'use logDir to keep it in a file');
  const raw: Record<string, unknown> = Object.fromEntries(
    taken.flatMap((key) => (options[key] === undefined ? [] : [[key, options[key]]])),
  );
  // The caller is there to decide; a daemon looks after services.
  raw.restart = { policy: 'never', ...options.restart };
  raw.cwd = resolve(options.cwd ?? '.');
  const calls = { waitFor: functionOf(waitFor), exitStatus: functionOf(exitStatus), transform: safely(functionOf(log.transform)) };
  if (calls.waitFor !== null) delete raw.waitFor;
  if (calls.exitStatus !== null) delete raw.exitStatus;
  raw.log = calls.transform === null ? log : { ...log, transform: [] };

  const schema = kindSchema('command');
  const parsed = schema.safeParse(raw);
  if (!parsed.success) {
    const found = complaints(parsed.error.issues, schema, raw);
    throw invalid(found.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`).join('; '), found[0]?.hint);
  }
  const spec = parsed.data as unknown as CommandSpec;
  const secret = Object.entries(spec.env).find(([, value]) => typeof value === 'object' && value !== null);
  if (secret !== undefined) throw invalid(`env.${secret[0]}: a program reads its secrets itself: give the value`);
  const name = options.name ?? (basename(spec.command[0] ?? '').replace(/[^A-Za-z0-9_-]/g, '_') || 'program');
  const problem = nameProblem(name);
  if (problem !== null) throw invalid(`name: ${problem}`);
  return { name, spec, calls };
}

function functionOf<T>(value: T): Extract<T, (...args: never[]) => unknown> | null {
  return typeof value === 'function' ? (value as Extract<T, (...args: never[]) => unknown>) : null;
}

/** What it throws at gets nowhere; nobody knows what is in it. */
function safely(transform: ((line: string) => string) | null): Calls['transform'] {
  if (transform === null) return null;
  return (line) => {
    try {
      return String(transform(line));
    } catch (error) {
      return `[muster] the transform threw: ${messageOf(error)}`;
    }
  };
}

function invalid(message: string, hint?: string): MusterError {
  return new MusterError('EINVAL', `supervise: ${message}`, hint === undefined ? {} : { hint });
}
