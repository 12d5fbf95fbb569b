import type { PackageFields } from '../model/package.ts';
import { parseDuration, parseSize } from '../model/units.ts';

type App = Readonly<Record<string, unknown>>;

/** What an entry of `apps` says beside its script. */
export interface AppSettings {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | null;
  /** Null: as the script's name says. */
  readonly interpreter: string | null;
  readonly instances: number;
  readonly maxMemory: number | null;
  readonly shutdownMessage: boolean;
  readonly fields: PackageFields;
  /** Keys that mean nothing here, and those whose value makes no sense. */
  readonly passedOver: readonly string[];
}

const plain = new Set(['name', 'script']);

/** Reads the keys of `apps[]` that have a counterpart in muster; PM2 has them all in milliseconds and bytes, or with units. */
export function appSettings(app: App, cpus: number): AppSettings {
  const passedOver: string[] = [];
  const taken = <T>(key: string, read: (value: unknown) => T | null): T | null => {
    if (app[key] === undefined || app[key] === null) return null;
    const value = read(app[key]);
    if (value === null) passedOver.push(key);
    return value;
  };
  const args = taken('args', words);
  const stopTimeout = taken('kill_timeout', milliseconds);
  const restart = restartOf({
    autorestart: taken('autorestart', (value) => (typeof value === 'boolean' ? value : null)),
    delay: taken('restart_delay', milliseconds),
    uptime: taken('min_uptime', milliseconds),
    most: taken('max_restarts', (value) => (Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : null)),
  });
  const settings = {
    args: args ?? [],
    env: taken('env', variables) ?? {},
    cwd: taken('cwd', text),
    interpreter: taken('interpreter', text),
    instances: taken('instances', (value) => instancesOf(value, cpus)) ?? 1,
    maxMemory: taken('max_memory_restart', bytes),
    shutdownMessage: taken('shutdown_with_message', (value) => (typeof value === 'boolean' ? value : null)) ?? false,
    fields: {
      ...(args === null ? {} : { args }),
      ...(stopTimeout === null ? {} : { stopTimeout }),
      ...(restart === null ? {} : { restart }),
    },
  };
  const known = new Set([...plain, ...knownKeys]);
  return { ...settings, passedOver: [...passedOver, ...Object.keys(app).filter((key) => !known.has(key))].sort() };
}

const knownKeys = [
  ...['args', 'env', 'cwd', 'interpreter', 'instances', 'max_memory_restart'],
  ...['kill_timeout', 'min_uptime', 'max_restarts', 'restart_delay', 'autorestart'],
  'shutdown_with_message',
];

interface RestartKeys {
  readonly autorestart: boolean | null;
  readonly delay: number | null;
  readonly uptime: number | null;
  readonly most: number | null;
}

/** PM2 counts restarts of a program that ran for less than `min_uptime`, and gives up after `max_restarts` of them. */
function restartOf({ autorestart, delay, uptime, most }: RestartKeys): NonNullable<PackageFields['restart']> | null {
  if (autorestart === null && delay === null && uptime === null && most === null) return null;
  const policy = autorestart === null ? 'onFailure' : autorestart ? 'always' : 'never';
  const initial = delay ?? 1000;
  const backoff = { initial, factor: delay === null ? 2 : 1, max: Math.max(initial, delay ?? 60_000), resetAfter: uptime ?? 10_000 };
  if (most === null) return { policy, backoff };
  const within = Math.max(1000, most * (backoff.max + backoff.resetAfter));
  return { policy, backoff, limit: { count: most, within } };
}

function words(value: unknown): string[] | null {
  if (typeof value === 'string') return value.split(/\s+/).filter((word) => word !== '');
  return Array.isArray(value) && value.every((item) => typeof item === 'string' || typeof item === 'number') ? value.map(String) : null;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function variables(value: unknown): Record<string, string> | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const entries = Object.entries(value).map(([name, item]) => [name, typeof item === 'string' ? item : JSON.stringify(item)]);
  return Object.fromEntries(entries);
}

function milliseconds(value: unknown): number | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : null;
  if (typeof value !== 'string') return null;
  return /^\d+$/.test(value) ? Number(value) : parseDuration(value);
}

function bytes(value: unknown): number | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value > 0 ? value : null;
  return typeof value === 'string' ? parseSize(value) : null;
}

/** Of one program. Who writes more has made a mistake, or means harm. */
const mostInstances = 128;

/** As PM2 has it: `max` and 0 are one per processor, and a negative number so many less. */
function instancesOf(value: unknown, cpus: number): number | null {
  const count = value === 'max' ? 0 : typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
  if (!Number.isSafeInteger(count) || Number(count) > mostInstances) return null;
  return Number(count) > 0 ? Number(count) : Math.max(1, cpus + Number(count));
}
