import { type Agent, type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';

export interface Asked {
  method?: string;
  host?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** Without one the connection is closed after it. */
  agent?: Agent;
}

export interface Answered {
  status: number;
  /** The words behind the status. */
  reason: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** One request to 127.0.0.1 by the client of Node. Rejects where the connection ends without a whole response. */
export function http(port: number, path = '/', { method = 'GET', host, headers = {}, body, agent }: Asked = {}): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const all = { ...(host === undefined ? {} : { host }), ...headers };
    const asked = request({ host: '127.0.0.1', port, path, method, headers: all, agent: agent ?? false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, reason: response.statusMessage ?? '', headers: response.headers, body: text }),
      );
    });
    asked.on('error', reject).end(body);
  });
}

/** What comes back for these bytes until the other side closes the connection. */
export function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let got = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.setEncoding('latin1').on('data', (chunk: string) => (got += chunk));
    socket.on('error', reject).on('close', () => resolve(got));
  });
}
