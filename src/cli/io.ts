import { homedir } from 'node:os';
import { isatty } from 'node:tty';
import { quoted } from './quoted.ts';

/** The surroundings of one call of the client, so that tests can give it others. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
  readonly uid: number;
  /** How the user called this program, to show commands that can be pasted. */
  readonly self: string;
  readonly outTerminal: boolean;
  readonly errTerminal: boolean;
  columns(): number;
  /** Only the document that was asked for goes here. */
  out(text: string): void;
  /** Everything else: progress, warnings, errors. */
  err(text: string): void;
}

/** `onBroken` hears of a stream that cannot be written to. */
export function processIo(onBroken: (error: NodeJS.ErrnoException) => void): Io {
  const guarded = new Set<NodeJS.WriteStream>();
  const guard = (stream: NodeJS.WriteStream): NodeJS.WriteStream => {
    if (!guarded.has(stream)) stream.on('error', onBroken);
    guarded.add(stream);
    return stream;
  };
  return {
    env: process.env,
    cwd: process.cwd(),
    home: process.env.HOME || homedir(),
    uid: process.getuid?.() ?? -1,
    self: selfOf(process.argv[1] ?? 'muster', process.cwd()),
    // Not by the streams: making those takes time, and most commands write to one of them only.
    outTerminal: isatty(1),
    errTerminal: isatty(2),
    columns: () => process.stderr.columns || 80,
    out: (text) => void guard(process.stdout).write(text),
    err: (text) => void guard(process.stderr).write(text),
  };
}

/** `muster` where that is how it was found, else the line that starts this file from here. */
export function selfOf(script: string, cwd: string): string {
  if (!/\.[cm]?[jt]s$/.test(script)) return 'muster';
  const folder = cwd === '/' ? '/' : `${cwd}/`;
  const shown = script.startsWith(folder) ? script.slice(folder.length) : script;
  return `node ${quoted(shown)}`;
}
