import type { AppendFile, Disk, Random } from '../../src/model/ports.ts';

/** What the disk does instead of a step. `written`: bytes of an append that still get through (a full disk). */
export interface Fault {
  error: Error;
  written?: number;
}

export interface MemoryDiskOptions {
  /** Called before each effect (`append journal`, `sync journal`, `replace PATH`, `truncate PATH` …) and after it (`… done`). May call `crash`. */
  onStep?: (step: string) => void;
  /** Asked before each effect. */
  fault?: (step: string) => Fault | undefined;
}

export interface MemoryDisk extends Disk {
  /**
   * The power goes: nothing that is under way on this disk ever settles, and what comes back is a disk with what
   * survived: synced bytes all, of what came after any part from the front, torn at any byte.
   */
  crash(random: Pick<Random, 'next'>): MemoryDisk;
  /** The process dies and the machine stays: as `crash`, but all that was written is there, synced or not. */
  kill(): MemoryDisk;
  /** The same files with other options. */
  with(options: MemoryDiskOptions): MemoryDisk;
  /** A file as it reads now. */
  text(path: string): string | null;
  /** Puts bytes there as they are, to damage something. */
  put(path: string, content: string | Uint8Array): void;
  paths(): string[];
}

interface File {
  durable: readonly Buffer[];
  /** Appends that a crash may lose, in order. */
  pending: readonly Buffer[];
}

export function createMemoryDisk(options: MemoryDiskOptions = {}): MemoryDisk {
  return diskWith(new Map(), options);
}

function diskWith(files: Map<string, File>, { onStep, fault }: MemoryDiskOptions): MemoryDisk {
  let dead = false;

  /** One effect with its steps around it; on a dead disk it never settles. */
  async function effect<T>(step: string, run: (failure: Fault | undefined) => T): Promise<T> {
    await gate(step);
    const failure = fault?.(step);
    if (failure !== undefined && failure.written === undefined) throw failure.error;
    const result = run(failure);
    if (failure !== undefined) throw failure.error;
    await gate(`${step} done`);
    return result;
  }

  async function gate(step: string): Promise<void> {
    await null;
    if (!dead) onStep?.(step);
    if (dead) await new Promise(() => {});
  }

  function fileAt(path: string): File {
    const file = files.get(path) ?? { durable: [], pending: [] };
    files.set(path, file);
    return file;
  }

  function existing(path: string): File {
    const file = files.get(path);
    if (file === undefined) throw Object.assign(new Error(`ENOENT: no such file, '${path}'`), { code: 'ENOENT' });
    return file;
  }

  function survivors(pick: (file: File) => File): MemoryDisk {
    dead = true;
    const left = [...files].map(([path, file]): [string, File] => [path, pick(file)]);
    return diskWith(new Map(left), {});
  }

  return {
    read: (path) =>
      effect(`read ${path}`, () => {
        const file = files.get(path);
        return file === undefined ? null : Uint8Array.from(contentOf(file));
      }),
    openAppend: (path) =>
      effect(`open ${path}`, (): AppendFile => {
        const file = fileAt(path);
        return {
          append: (text) =>
            effect(`append ${path}`, (failure) => {
              file.pending = [...file.pending, Buffer.from(text).subarray(0, failure?.written)];
            }),
          sync: () =>
            effect(`sync ${path}`, () => {
              file.durable = [...file.durable, ...file.pending];
              file.pending = [];
            }),
          size: () => sizeOf(file.durable) + sizeOf(file.pending),
          close: () => effect(`close ${path}`, () => {}),
        };
      }),
    replace: (path, content) =>
      effect(`replace ${path}`, () => {
        files.set(path, { durable: [Buffer.from(content)], pending: [] });
      }),
    rename: (from, to) =>
      effect(`rename ${from} ${to}`, () => {
        files.set(to, existing(from));
        files.delete(from);
      }),
    remove: (path) =>
      effect(`remove ${path}`, () => {
        files.delete(path);
      }),
    list: (folder) =>
      effect(`list ${folder}`, () => {
        const inside = [...files.keys()].filter((path) => path.startsWith(`${folder}/`));
        return [...new Set(inside.map((path) => path.slice(folder.length + 1).split('/')[0] ?? ''))].sort();
      }),
    truncate: (path, size) =>
      effect(`truncate ${path}`, () => {
        const file = existing(path);
        file.durable = [contentOf(file).subarray(0, size)];
        file.pending = [];
      }),
    crash: (random) => survivors((file) => ({ durable: [torn(file, random)], pending: [] })),
    with: (other) => diskWith(files, other),
    kill: () => survivors(({ durable, pending }) => ({ durable, pending })),
    text: (path) => (files.get(path) === undefined ? null : contentOf(existing(path)).toString()),
    put: (path, content) => {
      files.set(path, { durable: [Buffer.from(content)], pending: [] });
    },
    paths: () => [...files.keys()].sort(),
  };
}

function contentOf(file: File): Buffer {
  return Buffer.concat([...file.durable, ...file.pending]);
}

function sizeOf(chunks: readonly Buffer[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0);
}

function torn(file: File, random: Pick<Random, 'next'>): Buffer {
  const rest = Buffer.concat(file.pending);
  return Buffer.concat([...file.durable, rest.subarray(0, Math.floor(random.next() * (rest.length + 1)))]);
}
