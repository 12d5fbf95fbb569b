/** What is listed of a module's entry file. */
export interface FileFacts {
  readonly size: number;
  /** SHA-1, hex. */
  readonly sha1: string;
  /** When the file was last changed or replaced (ctime), ms since the epoch, where that is known. */
  readonly changedAt?: number;
}

export interface InspectRequest {
  /** Absolute path of the entry file, `builtin:NAME`, or the command's argv[0]. */
  readonly path: string;
  /** For commands: where a relative path starts. */
  readonly cwd: string | null;
  /** For commands: the PATH the module gets. */
  readonly searchPath: string | null;
}

/** Looks at the file; null if there is none. Cached by whoever provides it. */
export type Inspect = (request: InspectRequest) => FileFacts | null;
