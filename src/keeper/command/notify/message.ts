/** What a program says by sd_notify(3), as far as muster goes by it. */
export interface Notice {
  readonly ready?: true;
  readonly stopping?: true;
  /** For people; empty: nothing to say any more. */
  readonly status?: string;
  /** It is well, or (`trigger`) says itself that it is not. */
  readonly watchdog?: 'alive' | 'trigger';
  /** How often it will say so from now on, ms. */
  readonly watchdogMs?: number;
  /** How much longer it needs to start or to stop, ms from now. */
  readonly extendMs?: number;
}

const longestStatus = 500;

/** One datagram: lines of `NAME=VALUE`. MAINPID and whatever else there is means nothing here. */
export function parseNotice(text: string): Notice {
  const said = new Map(text.split('\n').flatMap((line): [string, string][] => pairOf(line)));
  const watchdog = said.get('WATCHDOG');
  const status = said.get('STATUS');
  const watchdogMs = millis(said.get('WATCHDOG_USEC'));
  const extendMs = millis(said.get('EXTEND_TIMEOUT_USEC'));
  return {
    ...(said.get('READY') === '1' ? { ready: true } : {}),
    ...(said.get('STOPPING') === '1' ? { stopping: true } : {}),
    ...(status === undefined ? {} : { status: status.slice(0, longestStatus) }),
    ...(watchdog === '1' ? { watchdog: 'alive' } : watchdog === 'trigger' ? { watchdog } : {}),
    ...(watchdogMs === null ? {} : { watchdogMs }),
    ...(extendMs === null ? {} : { extendMs }),
  };
}

function pairOf(line: string): [string, string][] {
  const at = line.indexOf('=');
  return at < 1 ? [] : [[line.slice(0, at), line.slice(at + 1)]];
}

/** Microseconds, as systemd has them. */
function millis(text: string | undefined): number | null {
  const ms = /^\d{1,16}$/.test(text ?? '') ? Math.ceil(Number(text) / 1000) : 0;
  return ms > 0 ? ms : null;
}
