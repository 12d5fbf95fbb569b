/** Types for authors of modules. There is nothing here to run: a module gets all it needs from its Context. */
export type { Context, Main, ModuleLog } from './model/context.ts';
export type { StatusLevel } from './model/documents.ts';
