import type { IncomingMessage } from 'node:http';

const dropped = /^(?:upgrade|http2-settings)$/i;

/** The head of a request as it came, but for asking for another protocol: Node reads no more of a request that does. */
export function withoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  let text = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    const value = rawHeaders[at + 1] as string;
    if (dropped.test(name)) continue;
    text += `${name}: ${/^connection$/i.test(name) ? kept(value) : value}\r\n`;
  }
  return Buffer.from(`${text}\r\n`, 'latin1');
}

function kept(connection: string): string {
  const options = connection.split(',').map((option) => option.trim());
  return options.filter((option) => !dropped.test(option)).join(', ');
}
