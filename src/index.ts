/** Types for authors of modules. There is nothing here to run: a module gets all it needs from its Context. */
export type {
  Context,
  HostedModule,
  Incoming,
  Main,
  ModuleHost,
  ModuleLog,
  Payload,
  Published,
  RequestOptions,
} from './model/context.ts';
export type { StatusLevel } from './model/documents.ts';
