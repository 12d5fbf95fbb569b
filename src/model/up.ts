import type { Diagnostic } from './diagnostic.ts';
import type { Result } from './plan.ts';

/** What became of the first run of a daemon; it crosses a process boundary as JSON. */
export interface FirstRun {
  /** Null where there was nothing to plan with: the config is invalid and the last good generation runs. */
  readonly result: Result | null;
  /** Findings about the config, errors and warnings. */
  readonly diagnostics: readonly Diagnostic[];
  readonly exitCode: number;
}

/**
 * What `up` hands to `runDaemon(options): Promise<number>` of `daemon/main.ts`, which runs until the daemon is told to
 * stop (by signal or `down`) and resolves with the exit code. What keeps it from running at all it throws as a MusterError:
 * no config, an invalid config and no generation, a daemon that already runs here.
 */
export interface UpOptions {
  /** Absolute paths from `-c`; empty: `configPlaces` are searched. */
  readonly files: readonly string[];
  /** Absolute. */
  readonly stateDir: string;
  readonly daemonName: string;
  /** Takes over from the daemon that runs, if one does. */
  readonly replace?: boolean;
  /** Permissions of the socket; 0600 without. */
  readonly socketMode?: number;
  readonly socketGroup?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** True where people look on: its own log then goes to stderr readably, else as JSON lines. */
  readonly terminal: boolean;
  /** Called once, when the first run is done. */
  onReady?(first: FirstRun): void;
}
