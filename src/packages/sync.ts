import { execFile } from 'node:child_process';

const longestMs = 60_000; // a disk that is that slow has other troubles; what is not synced may be installed anew

/** Brings the file system of a folder up to date on its disk, so that what is entered after it is whole after a power cut. */
export function syncFiles(folder: string): Promise<void> {
  return new Promise((resolve) => {
    execFile('sync', ['--file-system', folder], { timeout: longestMs }, () => resolve());
  });
}
