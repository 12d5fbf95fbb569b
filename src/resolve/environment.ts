import { baseEnvironment, type Environment } from '../model/environment.ts';
import type { User } from './accounts.ts';

/** The complete environment of a module. `own` has its secrets filled in; null unsets. `user`: as whom it runs instead of the daemon. */
export function moduleEnvironment(
  env: Environment,
  own: Readonly<Record<string, unknown>>,
  user: Pick<User, 'name' | 'home' | 'shell'> | null = null,
): Record<string, string> {
  const whole: Record<string, string> = {
    ...baseEnvironment(env),
    ...(user === null ? {} : { HOME: user.home, USER: user.name, SHELL: user.shell }),
  };
  for (const [name, value] of Object.entries(own)) {
    if (value === null) delete whole[name];
    else whole[name] = String(value);
  }
  return whole;
}
