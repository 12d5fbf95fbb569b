import fc from 'fast-check';
import { seedOf } from './seeded.ts';

fc.configureGlobal({ seed: seedOf('PROPERTY_SEED') });

/** Of a property that fails it says with which values; PROPERTY_SEED=N looks for others. */
export { fc };
