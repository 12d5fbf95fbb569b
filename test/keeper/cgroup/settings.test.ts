import { expect, test } from 'vitest';
import { defaultOf, settingsOf, took } from '../../../src/keeper/cgroup/settings.ts';
import { cgroup } from '../../../src/model/fields/cgroup.ts';

test('each key is one interface file, in the words of the kernel', () => {
  const spec = cgroup.parse({
    memoryMax: '256M',
    memoryHigh: '25%',
    memoryMin: 0,
    memorySwapMax: 'max',
    memoryOomGroup: true,
    cpuMax: '50%',
    cpuIdle: false,
    pidsMax: 64,
    cpusetCpus: '0-1',
    raw: { 'io.max': ' 8:0 rbps=1048576 ' },
  });
  expect(settingsOf(spec, 1_000_000_000).map(({ key, file, value }) => `${key} ${file}=${value}`)).toEqual([
    'cgroup.memoryMax memory.max=268435456',
    'cgroup.memoryHigh memory.high=250000000',
    'cgroup.memoryMin memory.min=0',
    'cgroup.memorySwapMax memory.swap.max=max',
    'cgroup.memoryOomGroup memory.oom.group=1',
    'cgroup.cpuMax cpu.max=50000 100000',
    'cgroup.cpuIdle cpu.idle=0',
    'cgroup.pidsMax pids.max=64',
    'cgroup.cpusetCpus cpuset.cpus=0-1',
    'cgroup.raw.io.max io.max=8:0 rbps=1048576',
  ]);
  expect(settingsOf(cgroup.parse({}), 1)).toEqual([]);
});

test.each([
  ['150%', '150000 100000'],
  ['max', 'max 100000'],
  ['20000 50000', '20000 50000'],
  ['max 50000', 'max 50000'],
])('a share of processors of %s is %s', (given, value) => {
  expect(settingsOf(cgroup.parse({ cpuMax: given }), 1)[0]?.value).toBe(value);
});

test.each([
  ['memory.max', '268435456', '268435456', true],
  ['memory.max', '250000000', '249999360', true],
  ['memory.max', '250000000', '200000000', false],
  ['memory.max', '12M', '12582912', true],
  ['memory.max', '1024', 'max', false],
  ['cpu.max', '50000 100000', '50000 100000', true],
  ['cpu.max', '50000 100000', 'max 100000', false],
  ['io.weight', '200', 'default 200\n8:0 100', true],
  ['io.max', '8:0 rbps=1M', '8:0 rbps=1048576 wbps=max riops=max wiops=max', true],
  ['io.max', '8:0 rbps=1048576', '8:16 rbps=1048576 wbps=max riops=max wiops=max', false],
  ['cpuset.cpus', '0,1,2,5', '0-2,5', true],
  ['cpuset.cpus', '0-3', '0-1', false],
  ['hugetlb.2MB.max', '3M', '2097152', true],
  ['pids.max', '10', '11', false],
])('%s of %s that reads %s: %s', (file, value, back, wanted) => {
  expect(took({ file, value }, back)).toBe(wanted);
});

test('what the kernel has by itself is known of what can be set', () => {
  expect(defaultOf('memory.high', '1')).toBe('max');
  expect(defaultOf('memory.low', '1')).toBe('0');
  expect(defaultOf('cpu.max', '1 2')).toBe('max 100000');
  expect(defaultOf('cgroup.max.descendants', '4')).toBe('max');
  expect(defaultOf('io.max', '8:0 rbps=1 wiops=2')).toBe('8:0 rbps=max wiops=max');
  expect(defaultOf('cpuset.cpus', '0')).toBe('');
  expect(defaultOf('some.thing', '1')).toBeNull();
});
