import { baseEnvironment, type Environment } from '../model/environment.ts';
import type { Keeper } from '../model/keeper.ts';
import type { Random } from '../model/ports.ts';

export interface ProgramPorts {
  readonly keeper: Pick<Keeper, 'spawn'>;
  readonly random: Pick<Random, 'id'>;
  readonly env: Environment;
  /** Path of a file with this content that only this user can read, until `remove`. */
  paper(text: string): Promise<{ readonly path: string; remove(): Promise<void> }>;
}

export interface Hook {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly event: string;
  readonly body: string;
}

const mostOutput = 16 * 1024;

/** Runs a program with the document at its standard input. Resolves with what it printed if it exits 0; all that it has started ends with it. */
export async function runHook({ argv, cwd, event, body }: Hook, signal: AbortSignal, ports: ProgramPorts): Promise<string> {
  const paper = await ports.paper(body);
  let output = '';
  try {
    const child = await ports.keeper.spawn({
      beforehand: true,
      lease: ports.random.id(),
      name: 'notify',
      containment: 'auto',
      argv,
      cwd,
      env: { ...baseEnvironment(ports.env), MUSTER_EVENT: event },
      stdin: paper.path,
      mergeStderr: true,
      onOutput(_stream, chunk) {
        if (output.length < mostOutput) output += Buffer.from(chunk).toString();
      },
    });
    const end = (): void => void child.killTree();
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
    const exit = await child.exited;
    await child.killTree();
    signal.removeEventListener('abort', end);
    if (signal.aborted) throw signal.reason;
    if (exit.failure !== undefined) throw new Error(exit.failure.message);
    if (exit.code === 0) return output;
    const how = exit.signal === null ? `exited with code ${exit.code}` : `was killed by ${exit.signal}`;
    const said = output.trim().split('\n').at(-1)?.slice(0, 200);
    throw new Error(`${argv[0]} ${how}${said ? `: ${said}` : ''}`);
  } finally {
    await paper.remove();
  }
}
