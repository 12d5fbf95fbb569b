import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AppendFile, Disk } from '../model/ports.ts';

const privateFile = 0o600;
const privateFolder = 0o700;
const temporary = '.tmp';

/** The real disk below a folder, which exists. */
export function openDisk(root: string): Disk {
  /** Last replacement of each path, so that two of one path do not share a temporary file. */
  const replacing = new Map<string, Promise<void>>();

  return {
    async read(path) {
      return readFile(join(root, path)).catch(nullIfMissing);
    },
    async openAppend(path) {
      const full = join(root, path);
      const handle = await create(full);
      const { size } = await handle.stat();
      return appendFile(handle, size);
    },
    replace(path, content) {
      const full = join(root, path);
      const done = (replacing.get(full) ?? Promise.resolve()).catch(() => {}).then(() => replaceWhole(full, content));
      replacing.set(full, done);
      const forget = () => {
        if (replacing.get(full) === done) replacing.delete(full);
      };
      done.then(forget, forget);
      return done;
    },
    async rename(from, to) {
      await rename(join(root, from), join(root, to));
      await syncFolder(dirname(join(root, to)));
      if (dirname(from) !== dirname(to)) await syncFolder(dirname(join(root, from)));
    },
    async remove(path) {
      await rm(join(root, path), { force: true });
    },
    async list(folder) {
      const names = (await readdir(join(root, folder)).catch(nullIfMissing)) ?? [];
      return names.filter((name) => !name.endsWith(temporary)).sort();
    },
    async truncate(path, size) {
      const handle = await open(join(root, path), constants.O_RDWR);
      try {
        await handle.truncate(size);
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
  };
}

function appendFile(handle: FileHandle, initial: number): AppendFile {
  let size = initial;
  return {
    async append(text) {
      const bytes = Buffer.from(text);
      let at = 0;
      while (at < bytes.length) {
        const { bytesWritten } = await handle.write(bytes, at);
        at += bytesWritten;
        size += bytesWritten;
      }
    },
    sync: () => handle.datasync(),
    size: () => size,
    close: () => handle.close(),
  };
}

/** Opens for appending; a new file is there for good when this resolves. */
async function create(full: string): Promise<FileHandle> {
  const flags = constants.O_WRONLY | constants.O_APPEND;
  const existing = await open(full, flags).catch(nullIfMissing);
  if (existing !== null) return existing;
  await mkdir(dirname(full), { recursive: true, mode: privateFolder });
  const handle = await open(full, flags | constants.O_CREAT, privateFile);
  await syncFolder(dirname(full));
  return handle;
}

async function replaceWhole(full: string, content: string | Uint8Array): Promise<void> {
  const folder = dirname(full);
  if ((await mkdir(folder, { recursive: true, mode: privateFolder })) !== undefined) await syncFolder(dirname(folder));
  const beside = `${full}${temporary}`;
  try {
    const handle = await open(beside, 'w', privateFile);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, full);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => {}); // The first error tells more.
    throw error;
  }
  await syncFolder(folder);
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function nullIfMissing(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
  throw error;
}
