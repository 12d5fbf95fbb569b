export type Environment = Readonly<Record<string, string | undefined>>;

const base = ['PATH', 'HOME', 'USER', 'SHELL', 'LANG', 'TZ', 'TMPDIR'];

/** What every module and runner gets of the daemon's own environment; nothing else leaks in (CONTRACT §2). */
export function baseEnvironment(env: Environment): Record<string, string> {
  const taken: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && (base.includes(name) || name.startsWith('LC_'))) taken[name] = value;
  }
  return taken;
}
