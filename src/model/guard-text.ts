import type { Guard } from './plan.ts';

/** What a guard refuses, and the option of the command that lets it pass, in words. */
export function guardText({ code, limit, value }: Guard, command = 'reconcile'): string {
  switch (code) {
    case 'maxRemovals':
      return `${value} removals, policy.maxRemovals is ${limit} (muster ${command} --max-removals ${value})`;
    case 'allowEmpty':
      return `nothing would be left of what is declared: ${value} removals (muster ${command} --allow-empty)`;
    case 'protect':
      return `protected: ${Array.isArray(value) ? value.join(', ') : value} (--override)`;
  }
}
