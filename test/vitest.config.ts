import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Those that take longest, most of it waiting, so that none of them is begun when all else is done. */
const long = /(?:soak|simulation|hostile-modules|kill|faults|context|holds-and-claims|modules-isolation|survivors)\.test\.ts$/;

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean => long.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    dir: import.meta.dirname,
    include: ['**/*.test.ts'],
    // Only against what hangs: on a machine with other work everything takes several times as long.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    pool: 'forks',
    // Much of a test is waiting for processes: two leave half of two processors idle.
    maxWorkers: 3,
    sequence: { sequencer: LongFirst },
  },
});
