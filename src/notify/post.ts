import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { version } from '../model/version.ts';

export interface Post {
  readonly url: string;
  /** False: not even its host may be told. */
  readonly isShown: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly id: string;
  readonly body: string;
}

/** Sends it once. Resolves when the receiver says that it has it (2xx); rejects with what is wrong, which names nothing of the address but its host. */
export async function post({ url, isShown, headers, id, body }: Post, signal: AbortSignal): Promise<void> {
  const to = addressOf(url);
  const who = isShown ? to.host : 'the receiver';
  const begin = await clientFor(to.protocol);
  const all = {
    'content-type': 'application/json',
    'user-agent': `muster/${version}`,
    ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    'content-length': String(Buffer.byteLength(body)),
    'idempotency-key': id,
  };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    // No agent: nothing is kept open for the next one, which may be days off.
    const asked = begin(to, { method: 'POST', headers: all, agent: false, signal });
    asked.on('error', (error) => reject(signal.aborted ? (signal.reason as Error) : said(error, isShown)));
    asked.on('response', resolve);
    asked.end(body);
  });
  const code = response.statusCode ?? 0;
  // What it says beside that is not read.
  response.on('error', () => {});
  response.destroy();
  if (code >= 200 && code < 300) return;
  if (code >= 300 && code < 400) throw new Error(`${who} answers ${code}: redirects are not followed`);
  throw new Error(`${who} answers ${code}${response.statusMessage ? ` ${response.statusMessage.slice(0, 80)}` : ''}`);
}

type Begin = (url: URL, options: RequestOptions) => ClientRequest;

async function clientFor(protocol: string): Promise<Begin> {
  return protocol === 'https:' ? (await import('node:https')).request : (await import('node:http')).request;
}

function addressOf(text: string): URL {
  if (/^https?:/i.test(text) && URL.canParse(text)) return new URL(text);
  throw new Error('the secret is no URL that begins with https:// or http://');
}

/** What Node says names the host. */
function said({ code, message }: NodeJS.ErrnoException, isShown: boolean): Error {
  return new Error(isShown && message ? message : `the connection failed${code === undefined ? '' : ` (${code})`}`);
}
