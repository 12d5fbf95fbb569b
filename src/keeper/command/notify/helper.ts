import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { findTool } from '../../tools.ts';
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

/** Where no program is there that could do it. */
export const noReceiver = {
  code: 'ENOSYS',
  message: 'what programs say by sd_notify cannot be received here: neither python3 nor perl is installed',
  hint: 'Install one of them, or let the program say by ready: {fd: 3} that it is ready.',
} as const;

export function canReceive(): boolean {
  return found() !== null;
}

/** Null where no program is there that could do it. */
export function startHelper(events: HelperEvents): Helper | null {
  const helper = found();
  if (helper === null) return null;
  const { file, program, args, tellsSender } = helper;
  // In a session of its own, so that Ctrl-C in the terminal of `up` does not reach it: it is still wanted while all is stopped.
  const child = spawn(file, args, {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {},
    cwd: '/',
    detached: true,
  }) as ChildProcessByStdio<Writable, Readable, null>;
  // It keeps nobody alive: it ends with whoever started it.
  child.unref();
  for (const stream of [child.stdin, child.stdout]) (stream as Partial<Socket>).unref?.();
  let ending = false;
  let rest = '';
  const gone = new Promise<void>((resolve) => {
    const end = (why: string): void => {
      resolve();
      if (!ending) events.lost(why);
      ending = true;
    };
    child.once('error', (error) => end(error.message));
    child.once('exit', (code, signal) => end(`${program} ended: ${signal ?? code}`));
  });
  child.stdin.on('error', () => {});
  child.stdout.setEncoding('latin1').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) events.line(line.split(' '));
  });
  return {
    tellsSender,
    write: (line) => void child.stdin.write(`${line}\n`),
    end() {
      ending = true;
      child.stdin.end();
      return gone;
    },
  };
}

function found(): (HelperProgram & { readonly file: string }) | null {
  for (const helper of helperPrograms) {
    const file = findTool(helper.program);
    if (file !== null) return { ...helper, file };
  }
  return null;
}
