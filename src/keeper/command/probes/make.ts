import type { RunAside } from '../aside.ts';
import { commandProbe } from './command.ts';
import { fileProbe } from './file.ts';
import { httpProbe } from './http.ts';
import type { Probe } from './probe.ts';
import { tcpProbe } from './tcp.ts';

/** The tests that are tried from outside; exactly one is given. */
export interface Asked {
  readonly tcp?: string | undefined;
  readonly http?: string | undefined;
  readonly file?: string | undefined;
  readonly command?: readonly string[] | undefined;
}

/** Null where it is none of these. */
export function probeOf({ tcp, http, file, command }: Asked, run: RunAside): Probe | null {
  if (tcp !== undefined) return tcpProbe(tcp);
  if (http !== undefined) return httpProbe(http);
  if (file !== undefined) return fileProbe(file);
  return command === undefined ? null : commandProbe(command, run);
}
