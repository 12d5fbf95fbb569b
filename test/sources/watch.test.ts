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
import { quiet } from '../support/quiet.ts';
import { pause, put, realClock, tempFolder } from './setting.ts';

/** A watcher that has settled on these paths, and what it saw. */
async function watching(paths: readonly string[], pollMs = 60_000) {
  const seen: number[] = [];
  const waiting: (() => void)[] = [];
  const watcher = watchFiles({
    clock: realClock,
    log: quiet,
    pollMs,
    quietMs: 120,
    onChange: () => {
      seen.push(Date.now());
      waiting.shift()?.();
    },
  });
  onTestFinished(() => watcher.close());
  // Old files: nothing counts as changed just before.
  for (const path of paths) age(path);
  watcher.watch(paths);
  await pause(250);
  return {
    seen,
    watcher,
    /** Resolves with the next change. */
    next: () => new Promise<void>((resolve) => waiting.push(resolve)),
  };
}

function age(path: string): void {
  try {
    utimesSync(path, 1000, 1000);
  } catch {
    // Not there: nothing to age.
  }
}

const saves: Record<string, (file: string) => void | Promise<void>> = {
  'truncated and written': (file) => writeFileSync(file, 'b: 1\n'),
  'truncated, and written a moment later': async (file) => {
    truncateSync(file);
    await pause(60);
    appendFileSync(file, 'b: 1\n');
  },
  'written in pieces': async (file) => {
    writeFileSync(file, '');
    for (const piece of ['b: 1\n', 'c: 2\n', 'd: 3\n']) {
      appendFileSync(file, piece);
      await pause(40);
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
  'deleted and written again': async (file) => {
    rmSync(file);
    await pause(50);
    writeFileSync(file, 'b: 1\n');
  },
};

for (const [how, save] of Object.entries(saves)) {
  test(`a file that is ${how} is one change`, async () => {
    const file = join(tempFolder({ 'muster.yaml': 'a: 1\n' }), 'muster.yaml');
    const { next, seen } = await watching([file]);
    const changed = next();
    await save(file);
    await changed;
    await pause(400);
    expect(seen).toHaveLength(1);
    // And again: the watch outlives a file that is replaced.
    const again = next();
    await save(file);
    writeFileSync(file, `${readFileSync(file, 'utf8')}e: 1\n`);
    await again;
    await pause(400);
    expect(seen).toHaveLength(2);
  });
}

test('the swap of a ..data link is one change, each time', async () => {
  const folder = tempFolder({ '..v1/muster.yaml': 'a: 1\n' });
  symlinkSync('..v1', join(folder, '..data'));
  symlinkSync('..data/muster.yaml', join(folder, 'muster.yaml'));
  const { next, seen } = await watching([join(folder, 'muster.yaml')]);
  for (const version of [2, 3]) {
    const changed = next();
    put(join(folder, `..v${version}/muster.yaml`), `a: ${version}\n`);
    symlinkSync(`..v${version}`, join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    rmSync(join(folder, `..v${version - 1}`), { recursive: true });
    await changed;
    await pause(400);
    expect(seen).toHaveLength(version - 1);
  }
});

test('an include folder that is written file by file is one change', async () => {
  const folder = tempFolder({ 'muster.yaml': 'a: 1\n', 'conf.d/a.yaml': 'a: 1\n' });
  const { next, seen } = await watching([join(folder, 'muster.yaml'), join(folder, 'conf.d')]);
  const changed = next();
  for (const name of ['b', 'c', 'd', 'e']) {
    put(join(folder, `conf.d/${name}.yaml`), 'x: 1\n');
    await pause(50);
  }
  await changed;
  await pause(400);
  expect(seen).toHaveLength(1);
});

test('other files of the folder, and a save that changes nothing else, do not count', async () => {
  const folder = tempFolder({ 'muster.yaml': 'a: 1\n' });
  const { seen } = await watching([join(folder, 'muster.yaml')]);
  put(join(folder, 'app.log'), 'line\n');
  appendFileSync(join(folder, 'app.log'), 'line\n');
  put(join(folder, '.muster.yaml.swp'), 'x');
  await pause(500);
  expect(seen).toHaveLength(0);
});

test('a folder that is made later, and one that is removed and made again, are watched', async () => {
  const folder = tempFolder();
  const file = join(folder, 'etc/muster/muster.yaml');
  const { next, seen } = await watching([file]);
  for (let round = 1; round <= 2; round++) {
    const made = next();
    put(file, `a: ${round}\n`);
    await made;
    const changed = next();
    put(file, `a: ${round}${round}\n`);
    await changed;
    const removed = next();
    rmSync(join(folder, 'etc'), { recursive: true });
    await removed;
    mkdirSync(join(folder, 'etc'));
    await pause(100);
  }
  expect(seen.length).toBeGreaterThanOrEqual(6);
});

test('what no event told is found by the poll', async () => {
  const folder = tempFolder({ 'real/muster.yaml': 'a: 1\n' });
  symlinkSync('real', join(folder, 'one'));
  symlinkSync('one', join(folder, 'two'));
  mkdirSync(join(folder, 'sub'));
  symlinkSync('../two/muster.yaml', join(folder, 'sub/muster.yaml'));
  const { next } = await watching([join(folder, 'sub/muster.yaml')], 200);
  const changed = next();
  // A link in the middle of the chain: none of the watched folders is touched.
  put(join(folder, 'other/muster.yaml'), 'a: 2\n');
  symlinkSync('other', join(folder, 'new'));
  renameSync(join(folder, 'new'), join(folder, 'one'));
  await changed;
});

test('a file that changed just before it came under watch is reported: it may have been read before', async () => {
  const file = join(tempFolder({ 'muster.yaml': 'a: 1\n' }), 'muster.yaml');
  await new Promise<void>((resolve) => {
    const watcher = watchFiles({ clock: realClock, log: quiet, onChange: resolve });
    onTestFinished(() => watcher.close());
    watcher.watch([file]);
  });
});

test('after close nothing is reported and nothing is left', async () => {
  const file = join(tempFolder({ 'muster.yaml': 'a: 1\n' }), 'muster.yaml');
  const { watcher, seen } = await watching([file]);
  await watcher.close();
  await watcher.close();
  writeFileSync(file, 'b: 1\n');
  watcher.watch([file]);
  await pause(400);
  expect(seen).toHaveLength(0);
});
