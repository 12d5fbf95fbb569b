import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { lookAtProcesses } from '../../../src/builtin/metrics/processes.ts';
import type { ModuleMetrics } from '../../../src/model/metrics.ts';
import { moduleView } from '../../render/module-view.ts';

const folder = mkdtempSync(join(tmpdir(), 'muster-cgroup-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const module = (changes: Partial<ModuleMetrics>): ModuleMetrics => ({ ...moduleView(), held: false, cgroup: null, ...changes });
const nobody = 2 ** 22 + 1; // beyond what any Linux gives out

test('memory and processor time of a process are its own, and one that is gone has none', async () => {
  const { pid } = process;
  const modules = [
    module({ name: 'own', isolation: 'process', pid }),
    module({ name: 'a', pid }),
    module({ name: 'b', pid }),
    module({ name: 'gone', kind: 'command', isolation: null, pid: nobody }),
    module({ name: 'down', kind: 'command', isolation: null, pid: null }),
  ];
  const { own, runners, daemon, cgroups } = await lookAtProcesses({ modules }, pid);
  const { rss } = process.memoryUsage();
  expect((own.get('own')?.memoryBytes ?? 0) / rss).toBeGreaterThan(0.5);
  expect((own.get('own')?.memoryBytes ?? 0) / rss).toBeLessThan(2);
  const { user, system } = process.cpuUsage();
  expect(Math.abs((own.get('own')?.cpuSeconds ?? 0) - (user + system) / 1e6)).toBeLessThan(0.5);
  expect([...own.keys()]).toEqual(['own']);
  expect(runners).toEqual([{ pid, modules: 2, cpuSeconds: expect.any(Number), memoryBytes: expect.any(Number) }]);
  expect(daemon?.memoryBytes).toBeGreaterThan(0);
  expect(cgroups.size).toBe(0);
});

test('a cgroup has what its interface files say, and what it does not have is left out', async () => {
  mkdirSync(folder, { recursive: true });
  const look = async () =>
    (await lookAtProcesses({ modules: [module({ name: 'web', pid: nobody, cgroup: folder })] }, 1)).cgroups.get('web');
  expect(await look()).toEqual({ memoryBytes: null, cpuSeconds: null, throttledSeconds: null, processes: null });
  writeFileSync(join(folder, 'memory.current'), '4096\n');
  writeFileSync(join(folder, 'pids.current'), '3\n');
  writeFileSync(join(folder, 'cpu.stat'), 'usage_usec 2500000\nuser_usec 1\nsystem_usec 2\nnr_throttled 1\nthrottled_usec 500000\n');
  expect(await look()).toEqual({ memoryBytes: 4096, cpuSeconds: 2.5, throttledSeconds: 0.5, processes: 3 });
});
