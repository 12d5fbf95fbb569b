import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const packages = { nginx: 'nginx-light', 'redis-server': 'redis-server', python3: 'python3' } as const;
export type Program = keyof typeof packages;

/** What may be spent on it: a slow mirror must not hold up everything else. */
const bringMs = 60_000;

/**
 * Why a program cannot be had; null if it is there. As root on Debian it is installed; dpkg's own lock keeps two test runs from
 * doing so at the same time.
 */
export function bring(programs: readonly Program[]): Record<Program, string | null> {
  let problem = 'it is not installed';
  if (programs.some((program) => !isThere(program))) {
    if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) problem += ', and only root on Debian can do that';
    else problem += `, and apt-get failed: ${install(programs)}`;
  }
  return Object.fromEntries(programs.map((program) => [program, isThere(program) ? null : problem])) as Record<Program, string | null>;
}

function install(programs: readonly Program[]): string {
  const end = Date.now() + bringMs;
  const wanted = ['install', '-y', '--no-install-recommends', ...programs.map((program) => packages[program])];
  // The lists of packages may be missing, or too old to be of use.
  for (const args of [wanted, ['update'], wanted]) {
    const { status, error, stderr } = spawnSync('apt-get', ['-o', 'DPkg::Lock::Timeout=30', '-q', ...args], {
      timeout: Math.max(end - Date.now(), 1),
      encoding: 'utf8',
      // Their services are not to be started.
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1', SYSTEMD_OFFLINE: '1' },
    });
    if (args === wanted && status === 0) return '';
    if (error !== undefined) return error.message;
    if (args !== wanted && status !== 0) return stderr.trim().split('\n').at(-1) ?? '';
  }
  return 'the packages cannot be installed';
}

function isThere(program: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin'];
  return folders.some((folder) => existsSync(join(folder, program)));
}
