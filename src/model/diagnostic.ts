/** A place in a config file: absolute path, or that in the repository which the config comes from; line and column from 1. */
export interface Position {
  file: string;
  line: number;
  column: number;
}

export type Severity = 'error' | 'warning';

/** One finding about a config, with its place (CONTRACT §6). Lines and columns count from 1; the end is exclusive. */
export interface Diagnostic extends Position {
  severity: Severity;
  /** A stable word in camelCase, e.g. `unknownKey`. */
  code: string;
  message: string;
  hint?: string;
  /** The commit, where the file is one of a repository; its path is then relative to that. */
  revision?: string;
  endLine: number;
  endColumn: number;
}

export function isError(diagnostic: Diagnostic): boolean {
  return diagnostic.severity === 'error';
}
