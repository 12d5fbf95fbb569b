import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import type { FileFacts, Inspect, InspectRequest } from '../instances/inspect.ts';

/** Sizes and SHA-1 of entry files for `list` and `info`. */
export interface Inspector {
  /** What is known of a file; null until `refresh` has looked at it, or if it is not there. Never touches the disk. */
  facts: Inspect;
  /** Looks again at every file that was asked for; reads only those that changed. */
  refresh(): Promise<void>;
  /** `file` is where it was found. */
  inspectFile(path: string): Promise<(FileFacts & { file: string }) | null>;
}

interface Known {
  request: InspectRequest;
  stamp: string;
  facts: FileFacts | null;
}

export function createInspector(builtinDir: string): Inspector {
  const known = new Map<string, Known>();

  const look = async (entry: Known): Promise<void> => {
    const found = await locate(entry.request, builtinDir);
    const stamp = found?.stamp ?? '';
    if (stamp === entry.stamp) return;
    entry.facts = found === null ? null : await factsOf(found);
    entry.stamp = stamp;
  };

  return {
    facts(request) {
      const key = `${request.path}\0${request.cwd}\0${request.searchPath}`;
      const entry = known.get(key);
      if (entry !== undefined) return entry.facts;
      known.set(key, { request, stamp: 'never', facts: null });
      return null;
    },
    async refresh() {
      // One after another: a large executable is read once, and nothing waits for `list` but its caller.
      for (const entry of known.values()) await look(entry).catch(() => {});
    },
    async inspectFile(path) {
      const found = await locate({ path, cwd: null, searchPath: null }, builtinDir);
      return found === null ? null : { ...(await factsOf(found)), file: found.path };
    },
  };
}

async function factsOf({ path, size, changedAt }: { path: string; size: number; changedAt: number }): Promise<FileFacts> {
  return { size, sha1: await sha1Of(path), changedAt };
}

async function locate(request: InspectRequest, builtinDir: string) {
  for (const path of candidates(request, builtinDir)) {
    const found = await stat(path).catch(() => null);
    if (found?.isFile() === true)
      return { path, size: found.size, changedAt: found.ctimeMs, stamp: `${path} ${found.ino} ${found.size} ${found.mtimeMs}` };
  }
  return null;
}

function candidates({ path, cwd, searchPath }: InspectRequest, builtinDir: string): string[] {
  if (path.startsWith('builtin:')) return [join(builtinDir, `${path.slice('builtin:'.length)}.js`)];
  if (path.includes('/')) return [cwd === null ? path : resolve(cwd, path)];
  return (searchPath ?? '').split(delimiter).map((folder) => join(folder, path));
}

async function sha1Of(path: string): Promise<string> {
  const hash = createHash('sha1');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
