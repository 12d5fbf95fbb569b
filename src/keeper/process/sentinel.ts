import { spawn } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
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
 * it and kills what ran: else nobody would be left who could. For each daemon it has a job that sleeps at a pipe of that daemon
 * alone: a keeper that does not notice that its daemon is gone, for it was stopped or hangs, is killed.
 */
export interface Sentinel {
  /** A daemon is here. Resolves with the pipes that it holds open from now on. */
  attended(): Promise<Pulses>;
  /** The keeper has noticed that the daemon is gone. */
  deserted(): void;
  /** As it is now: a program that runs, and whether it is kept. */
  runs(ward: Guarded): void;
  gone(ward: Guarded): void;
  /** The keeper ends as it should, and there is nothing to kill. */
  dispose(): void;
}

/** Without a cgroup it leads a process group. */
export type Guarded = Pick<Held, 'id' | 'pid' | 'cgroup' | 'kept'>;

/** Names of pipes; absent where there can be none. */
export interface Pulses {
  /** Of keeper and daemon: the same every time. */
  readonly sentinel?: string;
  /** Of this daemon alone. */
  readonly watch?: string;
}

/** So long a keeper that runs may take to notice that its daemon is gone; a machine that is busy is no reason to kill it. */
const patienceSeconds = 30;
/** What a second counts of one that is stopped: it is waited for three of them. */
const stoppedSeconds = 10;

/**
 * `$1`: folder of the cgroups, or nothing. Targets are folders of other cgroups, and process groups. It kills nothing unless it has
 * been told of all that runs: what is kept could be among it. `$2`: the program sleep. The job looks whether the keeper is there
 * still, and this shell too: another one has a job of its own, of which the keeper knows.
 */
const script = `
set -f
spared=' ' others=' ' told= job=
look() {
  state= parent=
  while read -r key value rest; do
    case $key in State:) state=$value ;; PPid:) parent=$value; return ;; esac
  done < "/proc/$1/status"
}
watch() {
  exec < "$1" || exit
  while read -r rest; do :; done
  patience=${patienceSeconds}
  while [ "$patience" -gt 0 ]; do
    "$2" 1 || exit
    look "$$"
    [ "$parent" = "$PPID" ] || exit
    look "$PPID"
    case $state in [Tt]) patience=$((patience - ${stoppedSeconds})) ;; *) patience=$((patience - 1)) ;; esac
  done
  kill -s KILL "$PPID"
}
unwatch() { [ -z "$job" ] || { kill -s KILL "$job"; wait "$job"; job=; }; }
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
    watch) unwatch; watch "$target" "$2" & job=$! ;;
    unwatch) unwatch ;;
    quit) unwatch; exit 0 ;;
  esac
done
unwatch
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
  const known = new Map<string, Guarded>();
  /** By program. Before Linux 5.14 a cgroup cannot be killed in one stroke. */
  const kills = new Map<string, boolean>();
  let pipe: number | null = null;
  let started: Promise<string | null> | null = null;
  /** Of the daemon that is here. */
  let watched: string | null = null;
  let behind = false;
  let disposed = false;

  return {
    async attended() {
      started ??= start().catch((error: unknown) => {
        log.warn({ error: messageOf(error) }, 'nothing ends what runs if daemon and keeper are killed at once');
        return null;
      });
      const sentinel = await started;
      if (sentinel === null) return {};
      const [watch] = await pool.take(1).catch(() => []);
      if (watch === undefined) return { sentinel };
      unwatch();
      watched = watch;
      say([lineOfWatch(watch)]);
      return { sentinel, watch };
    },
    deserted: unwatch,
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
    const args = ['-c', script, 'muster-sentinel', folder ?? '', findTool('sleep') ?? 'sleep'];
    const env = { [leaseVariable]: lease };
    const child = spawn(findTool('sh') ?? 'sh', args, { env, detached: true, stdio: [stdin, 'ignore', 'ignore'] });
    child.unref();
    const again = () => {
      if (!disposed) clock.after(againMs, () => disposed || launch(stdin));
    };
    child.once('error', again);
    child.once('exit', again);
  }

  function unwatch(): void {
    if (watched === null) return;
    say(['unwatch']);
    pool.drop([watched]);
    watched = null;
  }

  function lineOfWatch(name: string): string {
    return `watch ${resolve(pool.dir, name)}`;
  }

  /** Empty where it is of those that are killed without being named. */
  function lineOf(held: Guarded): string {
    const target = targetOf(held);
    const isOurs = folder !== null && target.startsWith(`${folder}/`);
    if (isOurs) return held.kept === null ? '' : `spare ${target}`;
    return held.kept === null ? `add ${target}` : '';
  }

  function targetOf({ id, cgroup, pid }: Guarded): string {
    if (cgroup === null) return String(pid);
    if (!kills.has(id)) kills.set(id, existsSync(join(cgroup, 'cgroup.kill')));
    return kills.get(id) === true ? cgroup : String(pid);
  }

  function repeat(): void {
    behind = false;
    const watch = watched === null ? 'unwatch' : lineOfWatch(watched);
    say(['reset', ...[...known.values()].map(lineOf), 'told', watch]);
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
