import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { LogLevel } from '../../model/log-level.ts';

/** What is said of the lines of a log when they are read: files hold the bare output. */
export interface LogShape {
  readonly level: LogLevel;
  readonly stderrLevel: LogLevel;
  /** Lines may begin with the name of another level (`error: `), as those of `ctx.log` do. */
  readonly named?: boolean;
  readonly prefix: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** What holds where nothing is said. */
export const plainShape: LogShape = { level: 'info', stderrLevel: 'warn', prefix: '', metadata: {} };

/** The shape in which what came at a time was said; null: the last one. */
export type ShapeAt = (at: number | null) => LogShape;

interface Entry {
  readonly at: number;
  readonly shape: LogShape;
}

/** So many changes are remembered; lines that are older than all of them are shown in the oldest that is left. */
const most = 64;

/** `NAME.log.shapes`, one line of JSON for each change: lines written before it keep their level, also when nothing of that name is loaded. */
export function appendShape(path: string, shape: LogShape, at: number): void {
  const known = parse(readOrEmpty(path));
  if (JSON.stringify(known.at(-1)?.shape) === JSON.stringify(shape)) return;
  const line = `${JSON.stringify({ at, shape })}\n`;
  if (known.length < most) {
    appendFileSync(path, line, { mode: 0o600 });
    return;
  }
  const kept = known.slice(-most / 2).map((entry) => `${JSON.stringify(entry)}\n`);
  writeFileSync(`${path}.tmp`, `${kept.join('')}${line}`, { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
}

/** The shapes of a log, as they were when they were last read. */
export interface Shapes {
  readonly at: ShapeAt;
  /** Reads them again if they have changed. */
  refresh(): Promise<void>;
}

export async function openShapes(path: string): Promise<Shapes> {
  let entries: Entry[] = [];
  let seen = '';
  await refresh();
  return {
    at: (at) => (at === null ? entries.at(-1) : (entries.findLast((entry) => entry.at <= at) ?? entries[0]))?.shape ?? plainShape,
    refresh,
  };

  async function refresh(): Promise<void> {
    const now = await stat(path).then(
      ({ ino, size }) => `${ino} ${size}`,
      () => '',
    );
    if (now === seen) return;
    entries = parse(await readFile(path, 'utf8').catch(() => ''));
    seen = now;
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** A line that was not written whole does not count. */
function parse(text: string): Entry[] {
  return text.split('\n').flatMap((line) => {
    try {
      const { at, shape } = JSON.parse(line) as Entry;
      return [{ at, shape: { ...plainShape, ...shape } }];
    } catch {
      return [];
    }
  });
}
