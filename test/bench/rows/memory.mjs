import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startDaemon } from '../support/daemon.mjs';
import { rssKb } from '../support/proc.mjs';
import { row } from '../support/table.mjs';

const what = 'memory of the daemon without modules / idle node';

export const memory = {
  rows: [what],
  async measure({ dir, quick }) {
    const seconds = quick ? 10 : 30;
    const bare = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    const daemon = await startDaemon(join(dir, 'memory'), 'version: 1\nmodules: {}\n');
    try {
      await sleep(seconds * 1000);
      const [ours, theirs] = [rssKb(daemon.pid), rssKb(bare.pid)];
      const note = `${mib(ours)} / ${mib(theirs)}, after ${seconds} s`;
      return [row(what, { value: ours / theirs, bound: 1.5, n: 1, note })];
    } finally {
      bare.kill();
      await daemon.stop();
    }
  },
};

function mib(kb) {
  return `${(kb / 1024).toFixed(1)} MiB`;
}
