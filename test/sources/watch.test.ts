import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { watchFiles } from '../../src/sources/watch.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { quiet } from '../support/quiet.ts';
import { pause, put, tempFolder } from './setting.ts';

const quietMs = 120;

/** A watcher on a clock that stands still, and how often it reported. */
async function watching(paths: readonly string[], pollMs = 60_000) {
  const clock = createFakeClock(Date.now());
  let seen = 0;
  const watcher = watchFiles({
    ...{ clock, log: quiet, pollMs, quietMs },
    onChange: () => {
      seen += 1;
    },
  });
  onTestFinished(() => watcher.close());
  watcher.watch(paths);
  /** Lets it be quiet as often as something happens, until nothing does and at least so many changes are reported. */
  async function reported(least: number): Promise<number> {
    for (let still = 0; still < 5 || seen < least; still += 1) {
      await pause(20);
      if (clock.pending() <= 1) continue; // only the poll, or closed
      still = -1;
      await clock.advance(quietMs);
    }
    return seen;
  }
  /** Events of what was done so far come in, then time passes. */
  async function pass(ms: number): Promise<void> {
    await pause(10);
    await clock.advance(ms);
  }
  while (clock.pending() < 2) await pause(5);
  await reported(0);
  return { clock, watcher, reported, pass };
}

/** A file that was not changed just now. */
function old(path: string): string {
  age(path);
  return path;
}

function age(path: string): void {
  try {
    utimesSync(path, 1000, 1000);
  } catch {
    // Not there: nothing to age.
  }
}

/** A save by a program, with the time that it takes. */
type Save = (file: string, pass: (ms: number) => Promise<void>) => void | Promise<void>;

const saves: Record<string, Save> = {
  'truncated and written': (file) => writeFileSync(file, 'b: 1\n'),
  'truncated, and written a moment later': async (file, pass) => {
    truncateSync(file);
    await pass(60);
    appendFileSync(file, 'b: 1\n');
  },
  'written in pieces': async (file, pass) => {
    writeFileSync(file, '');
    for (const piece of ['b: 1\n', 'c: 2\n', 'd: 3\n']) {
      appendFileSync(file, piece);
      await pass(100);
    }
  },
  'renamed over': (file) => {
    writeFileSync(`${file}.tmp`, 'b: 1\n');
    renameSync(`${file}.tmp`, file);
  },
  'saved as vim does, with a backup': (file) => {
    writeFileSync(join(dirname(file), '4913'), '');
    unlinkSync(join(dirname(file), '4913'));
    renameSync(file, `${file}~`);
    writeFileSync(file, 'b: 1\n');
    unlinkSync(`${file}~`);
  },
  'saved as vim does, with a copy': (file) => {
    copyFileSync(file, `${file}~`);
    writeFileSync(file, 'b: 1\n');
    unlinkSync(`${file}~`);
  },
  'deleted and written again': async (file, pass) => {
    rmSync(file);
    await pass(50);
    writeFileSync(file, 'b: 1\n');
  },
};

for (const [how, save] of Object.entries(saves)) {
  test(`a file that is ${how} is one change`, async () => {
    const file = join(tempFolder({ 'muster.yaml': 'a: 1\n' }), 'muster.yaml');
    const { reported, pass } = await watching([old(file)]);
    await save(file, pass);
    expect(await reported(1)).toBe(1);
    // And again: the watch outlives a file that is replaced.
    await save(file, pass);
    writeFileSync(file, `${readFileSync(file, 'utf8')}e: 1\n`);
    expect(await reported(2)).toBe(2);
  });
}

test('the swap of a ..data link is one change, each time', async () => {
  const folder = tempFolder({ '..v1/muster.yaml': 'a: 1\n' });
  symlinkSync('..v1', join(folder, '..data'));
  symlinkSync('..data/muster.yaml', join(folder, 'muster.yaml'));
  const { reported } = await watching([old(join(folder, 'muster.yaml'))]);
  for (const version of [2, 3]) {
    put(join(folder, `..v${version}/muster.yaml`), `a: ${version}\n`);
    symlinkSync(`..v${version}`, join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    rmSync(join(folder, `..v${version - 1}`), { recursive: true });
    expect(await reported(version - 1)).toBe(version - 1);
  }
});

test('an include folder that is written file by file is one change', async () => {
  const folder = tempFolder({ 'muster.yaml': 'a: 1\n', 'conf.d/a.yaml': 'a: 1\n' });
  const { reported, pass } = await watching([old(join(folder, 'muster.yaml')), old(join(folder, 'conf.d'))]);
  for (const name of ['b', 'c', 'd', 'e']) {
    put(join(folder, `conf.d/${name}.yaml`), 'x: 1\n');
    await pass(100);
  }
  expect(await reported(1)).toBe(1);
});

test('other files of the folder, and a save that changes nothing else, do not count', async () => {
  const folder = tempFolder({ 'muster.yaml': 'a: 1\n' });
  const { reported } = await watching([old(join(folder, 'muster.yaml'))]);
  put(join(folder, 'app.log'), 'line\n');
  appendFileSync(join(folder, 'app.log'), 'line\n');
  put(join(folder, '.muster.yaml.swp'), 'x');
  expect(await reported(0)).toBe(0);
});

test('a folder that is made later, and one that is removed and made again, are watched', async () => {
  const folder = tempFolder();
  const file = join(folder, 'etc/muster/muster.yaml');
  const { reported } = await watching([file]);
  let before = 0;
  for (let round = 1; round <= 2; round++) {
    put(file, `a: ${round}\n`);
    before = await reported(before + 1);
    put(file, `a: ${round}${round}\n`);
    before = await reported(before + 1);
    rmSync(join(folder, 'etc'), { recursive: true });
    before = await reported(before + 1);
    mkdirSync(join(folder, 'etc'));
    before = await reported(before);
  }
  expect(before).toBeGreaterThanOrEqual(6);
});

test('what no event told is found by the poll', async () => {
  const folder = tempFolder({ 'real/muster.yaml': 'a: 1\n' });
  symlinkSync('real', join(folder, 'one'));
  symlinkSync('one', join(folder, 'two'));
  mkdirSync(join(folder, 'sub'));
  symlinkSync('../two/muster.yaml', join(folder, 'sub/muster.yaml'));
  const { clock, reported } = await watching([old(join(folder, 'sub/muster.yaml'))], 5000);
  // A link in the middle of the chain: none of the watched folders is touched.
  put(join(folder, 'other/muster.yaml'), 'a: 2\n');
  symlinkSync('other', join(folder, 'new'));
  renameSync(join(folder, 'new'), join(folder, 'one'));
  expect(await reported(0)).toBe(0);
  await clock.advance(5000);
  expect(await reported(1)).toBe(1);
});

test('a file that changed just before it came under watch is reported: it may have been read before', async () => {
  const file = join(tempFolder({ 'muster.yaml': 'a: 1\n' }), 'muster.yaml');
  const { reported } = await watching([file]);
  expect(await reported(1)).toBe(1);
});

test('after close nothing is reported and nothing is left', async () => {
  const file = join(tempFolder({ 'muster.yaml': 'a: 1\n' }), 'muster.yaml');
  const { clock, watcher, reported } = await watching([old(file)]);
  put(file, 'b: 1\n');
  await watcher.close();
  await watcher.close();
  expect(clock.pending()).toBe(0);
  put(file, 'c: 1\n');
  watcher.watch([file]);
  expect(await reported(0)).toBe(0);
});
