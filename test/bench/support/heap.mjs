// What the heaps of a process hold once their garbage is collected, all of its threads together, as its inspector tells.
// A program of its own, since Node 20 has a client for that behind a flag: `node --experimental-websocket heap.mjs PID` prints bytes.
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const self = fileURLToPath(import.meta.url);
/** Where Node listens once a process gets SIGUSR1; so one process at a time. */
const inspector = 'http://127.0.0.1:9229/json/list';
const used = '(({ heapUsed, external }) => heapUsed + external)(process.memoryUsage())';

/** KiB. */
export async function heapKb(pid) {
  const { stdout } = await promisify(execFile)(process.execPath, ['--experimental-websocket', '--no-warnings', self, String(pid)]);
  return Number(stdout) / 1024;
}

if (process.argv[1] === self) {
  const pid = Number(process.argv[2]);
  if (await target().catch(() => null)) throw new Error(`something listens at ${inspector} already`);
  process.kill(pid, 'SIGUSR1');
  const session = await open((await awaited()).webSocketDebuggerUrl);
  console.log(await session.total());
  await session.close();
}

async function target() {
  const [first] = await (await fetch(inspector)).json();
  return first;
}

async function awaited() {
  for (let tries = 0; tries < 300; tries += 1) {
    const found = await target().catch(() => null);
    if (found !== null) return found;
    await sleep(100);
  }
  throw new Error(`nothing listens at ${inspector}`);
}

async function open(url) {
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => Object.assign(socket, { onopen: resolve, onerror: reject }));
  const main = createPeer((text) => socket.send(text));
  const threads = new Map();
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    const { sessionId, message: inner } = message.params ?? {};
    if (message.method === 'NodeWorker.attachedToWorker') {
      const send = (text) => main.ask('NodeWorker.sendMessageToWorker', { sessionId, message: text });
      threads.set(sessionId, createPeer(send));
    } else if (message.method === 'NodeWorker.receivedMessageFromWorker') threads.get(sessionId)?.take(JSON.parse(inner));
    else main.take(message);
  };
  return {
    async total() {
      await main.ask('NodeWorker.enable', { waitForDebuggerOnStart: false });
      let sum = 0;
      for (const peer of [main, ...threads.values()]) sum += await collected(peer);
      return sum;
    },
    async close() {
      await main.ask('Runtime.evaluate', { expression: 'setImmediate(process._debugEnd), 0' });
      socket.close();
      while (await target().catch(() => null)) await sleep(20);
    },
  };
}

/** Twice: what the first collection lets go of may hold more. */
async function collected({ ask }) {
  for (let times = 0; times < 2; times += 1) await ask('HeapProfiler.collectGarbage');
  const { result } = await ask('Runtime.evaluate', { expression: used, returnByValue: true });
  return result.value;
}

function createPeer(send) {
  const waiting = new Map();
  let last = 0;
  return {
    ask(method, params = {}) {
      last += 1;
      send(JSON.stringify({ id: last, method, params }));
      return new Promise((resolve) => waiting.set(last, resolve));
    },
    take({ id, result }) {
      waiting.get(id)?.(result);
      waiting.delete(id);
    },
  };
}
