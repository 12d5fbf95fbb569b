import { baseEnvironment, type Environment } from '../model/environment.ts';

/** The complete environment of a module. `own` has its secrets filled in; null unsets. */
export function moduleEnvironment(env: Environment, own: Readonly<Record<string, unknown>>): Record<string, string> {
  const whole = baseEnvironment(env);
  for (const [name, value] of Object.entries(own)) {
    if (value === null) delete whole[name];
    else whole[name] = String(value);
  }
  return whole;
}
