/** For authors of modules there are only types here: a module gets all it needs from its Context. */
export type {
  Context,
  Dismissed,
  HostedModule,
  HostFunctions,
  Incoming,
  LoadedCall,
  LoadedModule,
  Main,
  ModuleHost,
  ModuleLog,
  Payload,
  Published,
  RequestOptions,
} from './model/context.ts';
export type { StatusLevel } from './model/documents.ts';
/** For programs: one OS process, looked after as the daemon does. */
export type { OutputRecord } from './supervise/lines.ts';
export type { ExitMeaning, SuperviseOptions } from './supervise/options.ts';
export { type Exit, type Supervised, supervise } from './supervise/supervise.ts';
