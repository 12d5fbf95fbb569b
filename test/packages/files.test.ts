import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { packageFiles } from '../../src/packages/files.ts';

function folder(files: readonly string[], texts: Readonly<Record<string, string>> = {}): string {
  const dir = mkdtempSync(join(tmpdir(), 'muster-files-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  for (const file of [...files, ...Object.keys(texts)]) {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    writeFileSync(join(dir, file), texts[file] ?? '');
  }
  return dir;
}

const found = async (dir: string): Promise<string[]> => (await packageFiles(dir)).files.map((file) => file.slice(dir.length + 1));

test('code counts; dependencies, dotfiles, logs and what editors leave do not', async () => {
  const code = ['index.js', 'lib/a.js', 'lib/login.js', 'package.json', 'words.txt'];
  const rest = ['.env', '.git/HEAD', 'a.log', 'a.log.1', 'lib/node_modules/x.js', 'logs/b', 'node_modules/x/index.js', 'p.pid', 'x.js~'];
  expect(await found(folder([...code, ...rest]))).toEqual(code);
});

test('what .gitignore names does not count, in the folder that it is in and below, and what a deeper one names again does', async () => {
  const dir = folder(['a.out', 'kept.out', 'build/x.js', 'lib/build.js', 'lib/deep/b.out', 'lib/deep/c.tmpl', 'index.js'], {
    '.gitignore': '# made\n*.out\n!kept.out\nbuild/\n/lib/deep/c.tmpl\n',
    'lib/deep/.gitignore': '!b.out\n',
  });
  expect(await found(dir)).toEqual(['index.js', 'kept.out', 'lib/build.js', 'lib/deep/b.out']);
});

test('folders are told too, so that a file that is added shows, and links to folders are not followed', async () => {
  const dir = folder(['index.js', 'lib/a.js', 'node_modules/x.js']);
  symlinkSync(dir, join(dir, 'lib/around'));
  expect((await packageFiles(dir)).folders).toEqual([dir, join(dir, 'lib')]);
  expect(await found(dir)).toEqual(['index.js', 'lib/a.js', 'lib/around']);
});
