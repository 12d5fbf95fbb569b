export type Environment = Readonly<Record<string, string | undefined>>;

const base = ['PATH', 'HOME', 'USER', 'SHELL', 'LANG', 'TZ', 'TMPDIR'];

/** What every module and runner gets of the daemon's own environment; nothing else leaks in (CONTRACT §2). */
export function baseEnvironment(env: Environment): Record<string, string> {
  const taken: Record<string, string> = {};
  // Each value of `process.env` is looked up anew.
  for (const name of Object.keys(env)) {
    if (!base.includes(name) && !name.startsWith('LC_')) continue;
    const value = env[name];
    if (value !== undefined) taken[name] = value;
  }
  return taken;
}
