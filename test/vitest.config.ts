import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// A start of node that reads it takes three times as long, and the tests start thousands. Only the registry of npm may need it.
const { NODE_EXTRA_CA_CERTS: certificates } = process.env;
delete process.env.NODE_EXTRA_CA_CERTS;
if (certificates !== undefined) process.env.REGISTRY_CA_CERTS = certificates;

/** Those that take longest, most of it waiting, the longest first, so that none of them is begun when all else is done. */
const long = [
  'engine/simulation',
  'soak/soak',
  'conformance/context',
  'cases/kill',
  'plan/properties',
  'cases/packages-install',
  'cases/hostile-modules',
  'cases/gitops-policy',
  'socket/fuzz',
  'cases/gitops-source',
  'git/trust',
  'git/source',
  'git/faults',
  'cases/processes-both-killed',
  'cases/processes-keep',
  'cases/processes-start',
  'cases/processes-replace',
  'cases/hosts-converge',
  'cases/packages-settings',
  'cases/packages-pm2',
  'cases/packages-declared',
  'cases/packages-faults',
  'cases/gateway-life',
  'cases/gitops-audit',
  'cases/gitops-notify',
  'cases/gitops-holds',
  'cases/gitops-auto-rollback',
  'cases/reconcile-watch',
  'cases/reconcile-ownership',
  'cases/holds-and-claims',
  'cases/modules-isolation',
  'survivors/survivors',
  'supervise/supervise',
  'plan/faults',
  'engine/interleaving',
  'config/incremental',
  'offline/against-state',
].map((name) => `/${name}.test.ts`);

/** These measure the process they run in, change it for good, or need one that nobody else was in. */
const alone = [
  'bus/events',
  'config/robust',
  'daemon/world',
  'engine/simulation',
  'keeper/flood',
  'keeper/notify',
  'plan/purity',
  'plan/scale',
  'resolve/resolver',
  'runners/bus/standing',
  'runners/inside/**/*',
].map((file) => `${file}.test.ts`);

/** Long ones first; then those of one project after the other, for it is the next file that takes over a worker. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId, project }: TestSpecification): number => {
      const at = long.findIndex((name) => moduleId.endsWith(name));
      return at !== -1 ? at : long.length + (project.name === 'alone' ? 0 : 1);
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    dir: import.meta.dirname,
    // Only against what hangs: on a machine with other work everything takes several times as long.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    pool: 'forks',
    // Properties and simulations make much that is soon rubbish: the larger the room for it, the less often it is collected.
    execArgv: ['--max-semi-space-size=64'],
    // Much of a test is waiting for processes: three leave a fifth of two processors idle.
    maxWorkers: 5,
    sequence: { sequencer: LongFirst },
    projects: [
      { extends: true, test: { name: 'alone', include: alone } },
      // Most of what a small test file costs is a process with all that it imports.
      { extends: true, test: { name: 'together', include: ['**/*.test.ts'], exclude: alone, isolate: false } },
    ],
  },
});
