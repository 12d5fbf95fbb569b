import { createConnection } from 'node:net';

/** A bare client of the control socket: one JSON text per line, no part of what is measured. */
export async function connectTo(path) {
  const socket = createConnection(path);
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const waiting = new Map();
  let id = 0;
  let rest = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      const { id: of, payload, error } = JSON.parse(line);
      const { resolve, reject } = waiting.get(of);
      waiting.delete(of);
      if (error === undefined) resolve(payload);
      else reject(new Error(`${error.code}: ${error.message}`));
    }
  });
  return {
    request(topic, payload = {}) {
      id += 1;
      const of = id;
      return new Promise((resolve, reject) => {
        waiting.set(of, { resolve, reject });
        socket.write(`${JSON.stringify({ type: 'request', topic, id: of, payload })}\n`);
      });
    },
    close: () => socket.destroy(),
  };
}

/** ms until `count` pings over one connection are answered, `inFlight` at a time. */
export function pipelinedPings(path, count, inFlight) {
  return pipelined(path, { topic: 'muster.ping', count, inFlight });
}

/** The same with requests of any topic. */
export async function pipelined(path, { topic, count, inFlight }) {
  const socket = createConnection(path);
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  let sent = 0;
  let got = 0;
  const send = (many) => {
    let text = '';
    for (let i = 0; i < many && sent < count; i += 1) text += `{"type":"request","topic":"${topic}","id":${++sent},"payload":{}}\n`;
    if (text !== '') socket.write(text);
  };
  const start = performance.now();
  await new Promise((resolve) => {
    socket.on('data', (chunk) => {
      let lines = 0;
      for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines += 1;
      got += lines;
      if (got >= count) resolve();
      else send(lines);
    });
    send(inFlight);
  });
  const took = performance.now() - start;
  socket.destroy();
  return took;
}
