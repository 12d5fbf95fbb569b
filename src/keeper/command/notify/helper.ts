import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { type HelperProgram, helperPrograms } from './helpers.ts';

/** The program that receives datagrams for this daemon, while it runs. */
export interface Helper {
  readonly tellsSender: boolean;
  write(line: string): void;
  /** Resolves when it is gone. */
  end(): Promise<void>;
}

export interface HelperEvents {
  line(words: readonly string[]): void;
  /** It ended by itself. */
  lost(why: string): void;
}

/** Null where no program is there that could do it. */
export function startHelper(events: HelperEvents, env: NodeJS.ProcessEnv = process.env): Helper | null {
  const found = findHelper(env);
  if (found === null) return null;
  // In a session of its own, so that Ctrl-C in the terminal of `up` does not reach it: it is still wanted while all is stopped.
  const child = spawn(found.program, found.args, {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { PATH: env.PATH },
    cwd: '/',
    detached: true,
  }) as ChildProcessByStdio<Writable, Readable, null>;
  let ending = false;
  let rest = '';
  const gone = new Promise<void>((resolve) => {
    const end = (why: string): void => {
      resolve();
      if (!ending) events.lost(why);
      ending = true;
    };
    child.once('error', (error) => end(error.message));
    child.once('exit', (code, signal) => end(`${found.program} ended: ${signal ?? code}`));
  });
  child.stdin.on('error', () => {});
  child.stdout.setEncoding('latin1').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) events.line(line.split(' '));
  });
  return {
    tellsSender: found.tellsSender,
    write: (line) => void child.stdin.write(`${line}\n`),
    end() {
      ending = true;
      child.stdin.end();
      return gone;
    },
  };
}

function findHelper({ PATH = '/usr/bin:/bin' }: NodeJS.ProcessEnv): HelperProgram | null {
  return helperPrograms.find(({ program }) => PATH.split(':').some((folder) => isExecutable(join(folder, program)))) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
