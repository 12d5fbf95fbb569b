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

export function processIo(): Io {
  return {
    env: process.env,
    cwd: process.cwd(),
    home: process.env.HOME || homedir(),
    uid: process.getuid?.() ?? -1,
    self: selfOf(process.argv[1] ?? 'muster', process.cwd()),
    // Not by the streams: making those takes time, and most commands write to one of them only.
    outTerminal: isatty(1),
    errTerminal: isatty(2),
    columns: () => process.stderr.columns ?? 80,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
  };
}

/** `muster` where that is how it was found, else the line that starts this file from here. */
export function selfOf(script: string, cwd: string): string {
  if (!/\.[cm]?[jt]s$/.test(script)) return 'muster';
  const folder = cwd === '/' ? '/' : `${cwd}/`;
  const shown = script.startsWith(folder) ? script.slice(folder.length) : script;
  return `node ${quoted(shown)}`;
}
