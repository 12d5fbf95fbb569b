import { isUtf8 } from 'node:buffer';
import { writeSync } from 'node:fs';
import { homedir } from 'node:os';
import { isatty } from 'node:tty';
import { MusterError } from '../model/error.ts';
import { quoted } from './quoted.ts';

/** The surroundings of one call of the client, so that tests can give it others. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
  readonly uid: number;
  /** How the user called this program, to show commands that can be pasted. */
  readonly self: string;
  /** The argv that starts this program anew. */
  readonly program: readonly string[];
  readonly outTerminal: boolean;
  readonly errTerminal: boolean;
  columns(): number;
  /** Only the document that was asked for goes here. */
  out(text: string): void;
  /** Everything else: progress, warnings, errors. */
  err(text: string): void;
  /** Resolves when a slow reader has taken what went out; null: it has. */
  room(): Promise<void> | null;
  /** All of stdin; of more than so many bytes somewhat more than that. Throws EINVAL for what is no UTF-8. */
  read(mostBytes: number): Promise<string>;
}

/** The real ones. `onBroken` hears of an output that cannot be written to; `flushed` calls back when all is out. */
export function processIo(onBroken: (error: NodeJS.ErrnoException) => void): Io & { flushed(done: () => void): void } {
  const out = sink(1, () => process.stdout, onBroken);
  const err = sink(2, () => process.stderr, onBroken);
  return {
    env: process.env,
    cwd: process.cwd(),
    home: process.env.HOME || homedir(),
    uid: process.getuid?.() ?? -1,
    self: selfOf(process.argv[1] ?? 'muster', process.cwd()),
    program: [process.execPath, ...process.execArgv, process.argv[1] ?? ''],
    outTerminal: isatty(1),
    errTerminal: isatty(2),
    columns: () => process.stderr.columns || 80,
    out: out.write,
    err: err.write,
    room: out.room,
    read: readStdin,
    flushed: (done) => out.flushed(() => err.flushed(done)),
  };
}

/** Writes at once; making a stream takes a twentieth of a short command. A pipe that is full and does not block gets one. */
function sink(fd: number, streamOf: () => NodeJS.WriteStream, onBroken: (error: NodeJS.ErrnoException) => void) {
  let stream: NodeJS.WriteStream | null = null;
  const write = (text: string): void => {
    let rest = Buffer.from(text);
    while (stream === null && rest.length > 0) {
      try {
        rest = rest.subarray(writeSync(fd, rest));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') {
          onBroken(error as NodeJS.ErrnoException);
          return;
        }
        stream = streamOf().on('error', onBroken);
      }
    }
    if (rest.length > 0) stream?.write(rest);
  };
  const flushed = (done: () => void): void => (stream === null ? done() : void stream.write('', () => done()));
  const room = (): Promise<void> | null => (stream?.writableNeedDrain === true ? new Promise((resolve) => flushed(resolve)) : null);
  return { write, room, flushed };
}

async function readStdin(mostBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > mostBytes) break;
  }
  const all = Buffer.concat(chunks);
  if (isUtf8(all) || bytes > mostBytes) return all.toString();
  throw new MusterError('EINVAL', 'what stdin has is no UTF-8', { hint: 'binary data goes in as text, as base64 makes it' });
}

/** `muster` where that is how it was found, else the line that starts this file from here. */
export function selfOf(script: string, cwd: string): string {
  if (!/\.[cm]?[jt]s$/.test(script)) return 'muster';
  const folder = cwd === '/' ? '/' : `${cwd}/`;
  const shown = script.startsWith(folder) ? script.slice(folder.length) : script;
  return `node ${quoted(shown)}`;
}
