// The same handlers on node:http with the least that it takes: one path for each style. A process of its own, as a runner is.
import { createServer } from 'node:http';
import { handlers } from '../modules/web.mjs';

const server = createServer((request, response) => (request.url.startsWith('/fetch') ? byFetch : byMessage)(request, response));
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send(server.address().port));

function byMessage({ method, url, headers }, response) {
  const answer = handlers.request({ payload: { method, url, headers, body: null } });
  response.writeHead(answer.status, { ...answer.headers, 'content-length': Buffer.byteLength(answer.body) });
  response.end(answer.body);
}

async function byFetch({ method, url, headers }, response) {
  const answer = await handlers.fetch({ payload: new Request(`http://${headers.host}${url}`, { method, headers }) });
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  for await (const chunk of answer.body) response.write(chunk);
  response.end();
}
