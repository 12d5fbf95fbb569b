import { type SpawnSyncOptions, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Programs of Debian packages that judge texts of metrics, unpacked here and not installed: their services are not wanted. */
const folder = join(import.meta.dirname, '../../../node_modules/.cache/muster-validators');
const packages = {
  promtool: { package: 'prometheus', file: './usr/bin/promtool' },
  python: { package: 'python3-prometheus-client', file: './usr/lib/python3' },
} as const;

/** What may be spent on it: a slow mirror must not hold up everything else. */
const bringMs = 60_000;

export interface Judgement {
  readonly exit: number | null;
  readonly says: string;
}

/** Where the file of a package is, or why it cannot be had, said aloud. */
function bring(name: keyof typeof packages): string | null {
  const { package: wanted, file } = packages[name];
  const path = join(folder, name, file);
  if (!existsSync(path)) download(wanted, file, join(folder, name));
  if (existsSync(path)) return path;
  process.stderr.write(`skipped: judging metrics by ${name}; the Debian package ${wanted} cannot be had here\n`);
  return null;
}

function download(name: string, file: string, into: string): void {
  if (!existsSync('/etc/debian_version')) return;
  mkdirSync(into, { recursive: true });
  const end = Date.now() + bringMs;
  const run = (program: string, ...args: string[]) =>
    spawnSync(program, args, { cwd: into, timeout: Math.max(end - Date.now(), 1), encoding: 'utf8' }).status === 0;
  // The lists of packages may be missing, or too old to be of use.
  if (!run('apt-get', 'download', '-q', name) && !(run('apt-get', 'update', '-q') && run('apt-get', 'download', '-q', name))) return;
  const archive = readdirSync(into).find((each) => each.endsWith('.deb')) ?? '';
  run('sh', '-c', `dpkg-deb --fsys-tarfile "$1" | tar -x "$2"`, 'sh', archive, file);
  rmSync(join(into, archive));
}

/** `promtool check metrics` reads the older format, and finds fault with names and units too; null: cannot be had. */
export function promtoolCheck(text: string): Judgement | null {
  const promtool = bring('promtool');
  return promtool === null ? null : judged(promtool, ['check', 'metrics'], text);
}

/** The parser of OpenMetrics that Prometheus itself has; it wants to know of each sample when that was. */
export function promtoolReads(openMetrics: string, scratch: string): Judgement | null {
  const promtool = bring('promtool');
  const dated = openMetrics.replace(/^([^#\n].*)$/gm, '$1 1700000000');
  if (promtool === null) return null;
  writeFileSync(join(scratch, 'metrics'), dated);
  return judged(promtool, ['tsdb', 'create-blocks-from', 'openmetrics', 'metrics', 'blocks'], '', { cwd: scratch });
}

const strict = `import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
print(len(list(text_string_to_metric_families(sys.stdin.read()))))`;

/** The reference parser of OpenMetrics, which is strict. */
export function pythonReads(openMetrics: string): Judgement | null {
  const library = bring('python');
  if (library === null || spawnSync('python3', ['--version']).status !== 0) return null;
  return judged('python3', ['-c', strict], openMetrics, { env: { ...process.env, PYTHONPATH: join(library, 'dist-packages') } });
}

function judged(program: string, args: readonly string[], input: string, where: Pick<SpawnSyncOptions, 'cwd' | 'env'> = {}): Judgement {
  const { status, stdout, stderr } = spawnSync(program, args, { input, encoding: 'utf8', timeout: 60_000, ...where });
  return { exit: status, says: `${stdout}${stderr}`.trim() };
}
