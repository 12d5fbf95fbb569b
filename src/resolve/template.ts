import type { Environment } from '../model/environment.ts';
import { MusterError } from '../model/error.ts';

/** `${X}`, `${X:-default}`, `${X:?message}`, `$$`; a `$` before anything else is itself (CONTRACT §2). */
export function fillTemplate(template: string, env: Environment): string {
  return template.replace(/\$(?:\$|\{([A-Za-z_]\w*)(?::([-?])([^}]*))?\})/g, (_, name?: string, operator?: string, rest = '') => {
    if (name === undefined) return '$';
    const value = env[name];
    if (value !== undefined && (value !== '' || operator === undefined)) return value;
    if (operator === '-') return rest;
    throw new MusterError('ENOENT', operator === '?' && rest !== '' ? `${name}: ${rest}` : `the variable ${name} is not set`);
  });
}
