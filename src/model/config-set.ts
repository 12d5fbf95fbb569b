import type { Diagnostic } from './diagnostic.ts';
import type { Declared } from './module.ts';
import type { NotifySpec } from './notify.ts';
import type { Policy } from './policy.ts';
import type { Alternatives } from './requires.ts';
import type { GitSpec } from './source.ts';

/** A file as it was read, whole. */
export interface FileText {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
  readonly sha256: string;
}

/** A checked config: what it declares. Frozen; the same object as long as all bytes are the same. */
export interface ConfigSet {
  readonly modules: ReadonlyMap<string, Declared>;
  readonly policy: Policy;
  /** By service the module that is to have it, of several that provide it; all of them are declared. */
  readonly alternatives: Alternatives;
  /** Where the modules come from instead of these files; null: from them. */
  readonly source: { readonly git: GitSpec } | null;
  /** Of that source the commit; null without one. */
  readonly revision: string | null;
  readonly notify: readonly NotifySpec[];
  /** Absolute folders, those of $MUSTER_MODULE_PATH last. */
  readonly modulePath: readonly string[];
  /** All files that took part, in reading order; those of a source before the host's own. */
  readonly files: readonly FileText[];
  /** Folders and files to watch beside `files`: those of include patterns. */
  readonly watch: readonly string[];
  /** SHA-256 over paths and contents of all files. */
  readonly digest: string;
  readonly warnings: readonly Diagnostic[];
}

/** Where the compiler gets files from; implemented by `sources`. */
export interface Reader {
  /** The whole text, or a MusterError: missing, unreadable, a folder, empty, half-written, no UTF-8, too big. */
  file(path: string): Promise<FileText>;
  /** Files that match an absolute pattern with `*` and `?`, sorted. */
  glob(pattern: string): Promise<string[]>;
}

export type ConfigOutcome =
  | { readonly ok: true; readonly config: ConfigSet }
  | {
      readonly ok: false;
      readonly diagnostics: readonly Diagnostic[];
      readonly files: readonly string[];
      readonly watch: readonly string[];
    };
