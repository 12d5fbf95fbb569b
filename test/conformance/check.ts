import type { World } from './world.ts';

/** One thing that a `Context` promises: what is observed of a module, and must be the same wherever it runs. */
export interface Check {
  /** A sentence about behaviour. */
  readonly title: string;
  /** Nothing in what it returns may depend on where the module runs. */
  observe(world: World): Promise<unknown>;
  readonly expected: unknown;
}
