import type { Guard } from './plan.ts';

/** What a guard refuses, and the option that lets it pass, in words. */
export function guardText({ code, limit, value }: Guard): string {
  switch (code) {
    case 'maxRemovals':
      return `${value} removals, policy.maxRemovals is ${limit} (muster reconcile --max-removals ${value})`;
    case 'allowEmpty':
      return `nothing would be left of what is declared: ${value} removals (muster reconcile --allow-empty)`;
    case 'protect':
      return `protected: ${Array.isArray(value) ? value.join(', ') : value} (--override)`;
  }
}
