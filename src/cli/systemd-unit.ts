export interface UnitOf {
  name: string;
  stateDir: string;
  /** Absolute; empty: what `up` finds. */
  files: readonly string[];
  /** Node and the script. */
  program: readonly string[];
}

/** A systemd unit for a daemon: modules stay in the unit's cgroup, and only the daemon is asked to stop them. */
export function unitText({ name, stateDir, files, program }: UnitOf): string {
  const argv = [...program, 'up', '--daemon', name, '--state-dir', stateDir, ...files.flatMap((file) => ['-c', file])];
  return `[Unit]
Description=muster daemon ${name}
Documentation=man:systemd.service(5)
After=network-online.target
Wants=network-online.target

[Service]
# READY when the first run is done; RELOADING while SIGHUP is handled, then READY again. A reload puts another daemon in the place of this
# one, which tells MAINPID: the program and the config as they are installed now, and nothing that runs is touched. If it cannot, this one goes on.
Type=notify
NotifyAccess=all
ExecStart=${argv.map(word).join(' ')}
ExecReload=${[...argv, '--replace', '--detach'].map(word).join(' ')}
Restart=on-failure
RestartSec=1
# Another daemon has the state dir: trying again does not help.
RestartPreventExitStatus=9
# The cgroup below this unit is the daemon's own; it stops what it runs in order.
Delegate=yes
# Whatever is left when the daemon is gone is killed. For programs that are to live on (onDaemonDeath: keep, down --keep):
# KillMode=process and, from systemd 254 on, DelegateSubgroup=muster-daemon.
KillMode=mixed
# Above the longest chain of stop timeouts.
TimeoutStopSec=120
TimeoutStartSec=300

[Install]
WantedBy=multi-user.target
`;
}

/** A word of ExecStart: % and $ are special to systemd, quotes and spaces need quoting. */
function word(text: string): string {
  const escaped = text.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[^\s"'\\;]+$/.test(escaped) ? escaped : `"${escaped.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
