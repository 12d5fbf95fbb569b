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

/** The complete environment of a module. `own` has its secrets filled in; null unsets. */
export function moduleEnvironment(env: Environment, own: Readonly<Record<string, unknown>>): Record<string, string> {
  const whole = baseEnvironment(env);
  for (const [name, value] of Object.entries(own)) {
    if (value === null) delete whole[name];
    else whole[name] = String(value);
  }
  return whole;
}
