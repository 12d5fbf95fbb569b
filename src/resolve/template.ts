import type { Environment } from '../model/environment.ts';
import { MusterError } from '../model/error.ts';

/** `${X}`, `${X:-default}`, `${X:?message}`, `$$`; a `$` before anything else is itself (CONTRACT §2). */
export function fillTemplate(template: string, env: Environment, filled?: (name: string, value: string) => void): string {
  return template.replace(/\$(?:\$|\{([A-Za-z_]\w*)(?::([-?])([^}]*))?\})/g, (_, name?: string, operator?: string, rest = '') => {
    if (name === undefined) return '$';
    const set = env[name];
    const value = set !== undefined && (set !== '' || operator === undefined) ? set : operator === '-' ? rest : undefined;
    if (value !== undefined) {
      filled?.(name, value);
      return value;
    }
    throw new MusterError('ENOENT', operator === '?' && rest !== '' ? `${name}: ${rest}` : `the variable ${name} is not set`);
  });
}
