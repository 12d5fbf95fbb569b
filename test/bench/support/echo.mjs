// The least a server of JSON lines can do: parse each line, answer with its id. A process of its own, as the daemon is.
import { createServer } from 'node:net';

const payload = { pid: process.pid, version: '0.1.0' };

createServer((socket) => {
  let rest = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    let text = '';
    for (const line of lines) {
      const { topic, id } = JSON.parse(line);
      text += `${JSON.stringify({ type: 'response', topic, id, payload })}\n`;
    }
    socket.write(text);
  });
  socket.on('error', () => {});
}).listen(process.argv[2], () => process.send('ready'));
