import type { ClientRequest, IncomingMessage } from 'node:http';
import { failureWords, type Probe } from './probe.ts';

/** What is read of an answer, so that the server sees it taken; its status alone counts. */
const mostBytes = 64 * 1024;
const bodyMs = 1000;

/**
 * Passes when a GET is answered with 2xx or 3xx; redirects are not followed, and no proxy is used. A certificate of this machine
 * itself is not verified: nobody issues one for 127.0.0.1.
 */
export function httpProbe(address: string): Probe {
  const url = new URL(address);
  return {
    what: `http ${withoutUser(url)}`,
    async attempt(signal) {
      try {
        const status = (await get(url, signal)).statusCode ?? 0;
        return status >= 200 && status < 400 ? null : `answered ${status}`;
      } catch (error) {
        return failureWords(error);
      }
    },
  };
}

async function get(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  // Loaded with the first probe: most daemons have none.
  const { request } = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  const options = { agent: false, signal, rejectUnauthorized: !isLoopback(url.hostname), headers: { 'user-agent': 'muster' } };
  return new Promise((resolve, reject) => {
    const asked: ClientRequest = request(url, options, (response) => {
      skipBody(response);
      resolve(response);
    });
    asked.on('error', reject);
    asked.end();
  });
}

function skipBody(response: IncomingMessage): void {
  let bytes = 0;
  response.on('error', () => {});
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > mostBytes) response.destroy();
  });
  response.setTimeout(bodyMs, () => response.destroy());
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\./.test(host);
}

function withoutUser(url: URL): string {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  return shown.href;
}
