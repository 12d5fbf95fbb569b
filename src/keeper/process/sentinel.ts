import { spawn } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../model/error.ts';
import type { Held } from '../../model/keeper.ts';
import type { Clock, Log } from '../../model/ports.ts';
import type { FifoPool } from '../fifo-pool.ts';
import { leaseVariable } from '../proc.ts';
import { findTool } from '../tools.ts';

export interface SentinelOptions {
  readonly pool: FifoPool;
  readonly clock: Clock;
  readonly log: Log;
  /** Of the keeper itself: whoever ends what a lost keeper left ends its sentinel too. */
  readonly lease: string;
  /** The folder of this daemon's cgroups; null: there are none. */
  readonly folder: string | null;
}

/**
 * A shell that sleeps at a named pipe which keeper and daemon hold open. When both are gone, in whatever way, it reads the end of
 * it and kills what ran: else nobody would be left who could.
 */
export interface Sentinel {
  /** Resolves with the name of the pipe, null where there can be none. The same every time. */
  start(): Promise<string | null>;
  /** As it is now: a program that runs, and whether it is kept. */
  runs(held: Held): void;
  gone(held: Held): void;
  /** The keeper ends as it should, and there is nothing to kill. */
  dispose(): void;
}

/**
 * `$1`: folder of the cgroups, or nothing. Targets are folders of other cgroups, and process groups. It kills nothing unless it has
 * been told of all that runs: what is kept could be among it.
 */
const script = `
set -f
spared=' ' others=' ' told=
without() { list=' '; for one in $1; do [ "$one" = "$2" ] || list="$list$one "; done; }
end() { case $1 in /*) echo 1 > "$1/cgroup.kill" ;; *) kill -s KILL -- "-$1" ;; esac; }
while IFS=' ' read -r what target; do
  case $what in
    reset) spared=' ' others=' ' told= ;;
    told) told=yes ;;
    spare) spared="$spared$target " ;;
    unspare) without "$spared" "$target"; spared=$list ;;
    add) others="$others$target " ;;
    drop) without "$others" "$target"; others=$list ;;
    quit) exit 0 ;;
  esac
done
[ -n "$told" ] || exit 0
{
  set +f
  [ -z "$1" ] || for folder in "$1"/*/; do
    folder=\${folder%/}
    case $spared in *" $folder "*) ;; *) end "$folder" ;; esac
  done
  set -f
  for one in $others; do end "$one"; done
} 2> /dev/null
`;

const againMs = 1000;

export function createSentinel({ pool, clock, log, lease, folder }: SentinelOptions): Sentinel {
  const known = new Map<string, Held>();
  /** By program. Before Linux 5.14 a cgroup cannot be killed in one stroke. */
  const kills = new Map<string, boolean>();
  let pipe: number | null = null;
  let started: Promise<string | null> | null = null;
  let behind = false;
  let disposed = false;

  return {
    start() {
      started ??= start().catch((error: unknown) => {
        log.warn({ error: messageOf(error) }, 'nothing ends what runs if daemon and keeper are killed at once');
        return null;
      });
      return started;
    },
    runs(held) {
      const before = known.get(held.id);
      known.set(held.id, held);
      const [was, is] = [before === undefined ? [] : [lineOf(before)], lineOf(held)];
      if (!was.includes(is)) say([...undone(was), is]);
    },
    gone(held) {
      if (known.delete(held.id)) say(undone([lineOf(held)]));
      kills.delete(held.id);
    },
    dispose() {
      disposed = true;
      say(['quit']);
      if (pipe !== null) closeSync(pipe);
      pipe = null;
    },
  };

  async function start(): Promise<string> {
    const [name = ''] = await pool.take(1);
    pipe = openSync(join(pool.dir, name), constants.O_RDWR | constants.O_NONBLOCK);
    // Given to the shell: one that opened it itself might come when all else is gone, and would wait for ever.
    launch(openSync(join(pool.dir, name), constants.O_RDONLY));
    return name;
  }

  function launch(stdin: number): void {
    repeat();
    const args = ['-c', script, 'muster-sentinel', folder ?? ''];
    const env = { [leaseVariable]: lease };
    const child = spawn(findTool('sh') ?? 'sh', args, { env, detached: true, stdio: [stdin, 'ignore', 'ignore'] });
    child.unref();
    const again = () => {
      if (!disposed) clock.after(againMs, () => disposed || launch(stdin));
    };
    child.once('error', again);
    child.once('exit', again);
  }

  /** Empty where it is of those that are killed without being named. */
  function lineOf(held: Held): string {
    const target = targetOf(held);
    const isOurs = folder !== null && target.startsWith(`${folder}/`);
    if (isOurs) return held.kept === null ? '' : `spare ${target}`;
    return held.kept === null ? `add ${target}` : '';
  }

  function targetOf({ id, cgroup, pid }: Held): string {
    if (cgroup === null) return String(pid);
    if (!kills.has(id)) kills.set(id, existsSync(join(cgroup, 'cgroup.kill')));
    return kills.get(id) === true ? cgroup : String(pid);
  }

  function repeat(): void {
    behind = false;
    say(['reset', ...[...known.values()].map(lineOf), 'told']);
  }

  /** It reads at once, if it is not stopped; what it could not be told it is told once more, whole. */
  function say(lines: readonly string[]): void {
    const text = lines.filter((line) => line !== '').map((line) => `${line}\n`);
    if (pipe === null || behind || text.length === 0) return;
    try {
      for (const line of text) writeSync(pipe, line);
    } catch {
      behind = true;
      clock.after(againMs, () => disposed || repeat());
    }
  }
}

function undone(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/^spare /, 'unspare ').replace(/^add /, 'drop '));
}
