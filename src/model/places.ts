/** What the places depend on. Paths are POSIX paths. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The home folder of the user. */
  readonly home: string;
  readonly uid: number;
}

/** How a daemon is named by the one who asks for it; at most one is given, and it beats the environment. */
export interface WhichDaemon {
  readonly daemon?: string | undefined;
  readonly stateDir?: string | undefined;
}

export const socketName = 'muster.sock';

/** Name of the daemon in question: `--daemon`, `$MUSTER_DAEMON`, else `default` (CONTRACT §1). */
export function daemonNameOf(which: WhichDaemon, { env }: Surroundings): string {
  return which.daemon || env.MUSTER_DAEMON || 'default';
}

/** Its state dir, as given; the caller makes it absolute. */
export function stateDirOf(which: WhichDaemon, at: Surroundings): string {
  if (which.stateDir) return which.stateDir;
  if (!which.daemon && at.env.MUSTER_STATE_DIR) return at.env.MUSTER_STATE_DIR;
  return `${stateHome(at)}/${daemonNameOf(which, at)}`;
}

/** The folder that holds the state dirs of all daemons of this user. */
export function stateHome({ env, home, uid }: Surroundings): string {
  if (env.XDG_STATE_HOME) return `${trimmed(env.XDG_STATE_HOME)}/muster`;
  return uid === 0 ? '/var/lib/muster' : `${trimmed(home)}/.local/state/muster`;
}

export function socketOf(stateDir: string): string {
  return `${trimmed(stateDir)}/${socketName}`;
}

/** Where a config is looked for when none is named, in this order. `$MUSTER_CONFIG` alone counts if it is set. */
export function configPlaces({ env, home }: Surroundings, cwd: string): string[] {
  if (env.MUSTER_CONFIG) return [env.MUSTER_CONFIG.startsWith('/') ? env.MUSTER_CONFIG : `${trimmed(cwd)}/${env.MUSTER_CONFIG}`];
  const configHome = env.XDG_CONFIG_HOME ? trimmed(env.XDG_CONFIG_HOME) : `${trimmed(home)}/.config`;
  return [`${trimmed(cwd)}/muster.yaml`, `${configHome}/muster/muster.yaml`, '/etc/muster/muster.yaml'];
}

function trimmed(folder: string): string {
  return folder.length > 1 ? folder.replace(/\/+$/, '') : folder === '/' ? '' : folder;
}

/** There while a daemon takes over from another one. */
export function handoverSocketOf(stateDir: string): string {
  return `${stateDir}/handover.sock`;
}
