// Loaded before a daemon: measures how long its loop is busy in one turn, in CPU time, which does not count what else the machine
// does. On SIGUSR2 it writes the longest since the last time, in ms, to the file `turns` in $HOME.
const { openSync, readSync, writeFileSync, renameSync } = require('node:fs');
const { join } = require('node:path');

const file = join(process.env.HOME, 'turns');
const buffer = Buffer.alloc(64);
const fd = openSync('/proc/thread-self/schedstat', 'r');
const busyNs = () => Number(buffer.toString('latin1', 0, readSync(fd, buffer, 0, 64, 0)).split(' ')[0]);

let last = busyNs();
let longest = 0;
function turn() {
  const now = busyNs();
  longest = Math.max(longest, now - last);
  last = now;
  setImmediate(turn).unref();
}
setImmediate(turn).unref();
process.on('SIGUSR2', () => {
  writeFileSync(`${file}.tmp`, String(longest / 1e6));
  renameSync(`${file}.tmp`, file);
  longest = 0;
});
