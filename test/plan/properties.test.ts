import { describe, test } from 'vitest';
import { plan } from '../../src/plan/plan.ts';
import { properties } from './support/properties.ts';

describe('a plan', () => {
  for (const property of properties) {
    test(property.title, () => {
      property.check(plan, 500);
    });
  }
});
