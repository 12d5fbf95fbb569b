import type { Statistic } from './documents.ts';
import type { CgroupSpec } from './fields/cgroup.ts';

/** What can be seen of a cgroup and done to it by hand. Throws errno-style codes, those of the kernel among them. */
export interface CgroupAccess {
  /** `settings` can stand under `cgroup:` in a config; `spec` says which files besides the usual ones are of interest. */
  describe(folder: string, spec: CgroupSpec | undefined): { settings: Record<string, unknown>; statistics: Record<string, Statistic> };
  /** The text of an interface file. */
  get(folder: string, key: string): string;
  /** Writes to one, and returns what it says then; null where it cannot be read. */
  set(folder: string, key: string, value: string): string | null;
}
