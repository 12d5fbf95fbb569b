import type { Colors } from 'picocolors/types.js';
import type { Style } from '../render/style.ts';
import type { Io } from './io.ts';

/** Options that stand anywhere, before or after the command (CONTRACT §5). */
export interface Globals {
  readonly daemon?: string;
  readonly stateDir?: string;
  readonly socket?: string;
  readonly json?: boolean;
}

/** One call of a command, parsed. */
export interface Call<Options = object> {
  readonly args: readonly string[];
  readonly options: Options;
  readonly globals: Globals;
  readonly io: Io;
  /** All commands. */
  readonly table: readonly Definition[];
  /** What stdout takes; null: none. */
  readonly colours: Colors | null;
  /** For stdout. */
  readonly style: Style;
  /** For stderr. */
  readonly errStyle: Style;
}

export interface OptionSpec {
  /** As commander writes them, e.g. `-n, --lines <N>`. */
  readonly flags: string;
  readonly doc: string;
  readonly choices?: readonly string[];
  readonly fallback?: string;
  /** Throws a MusterError on a bad value. `before` is what earlier uses of a repeatable option made. */
  parse?(text: string, before: never): unknown;
  readonly hidden?: boolean;
}

/** What the table of commands says of each one. */
export interface Definition<Options = object> {
  readonly name: string;
  /** Operands as commander writes them, e.g. `<NAME> [ARGS...]`. */
  readonly operands?: string;
  /** One line. */
  readonly summary: string;
  /** What else there is to know, shown by --help. */
  readonly details?: string;
  readonly options?: readonly OptionSpec[];
  /** Full command lines. */
  readonly examples: readonly string[];
  /** Everything after the first operand goes to the module untouched. */
  readonly passThrough?: boolean;
  /** It handles signals itself; otherwise they end the client with 130 or 143. */
  readonly ownsSignals?: boolean;
  readonly hidden?: boolean;
  /** Resolves with the exit code. What it throws is printed by `failure.ts`. */
  run(call: Call<Options>): Promise<number>;
}
