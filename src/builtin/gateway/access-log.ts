import { createWriteStream, type WriteStream } from 'node:fs';
import type { Context } from '../../model/context.ts';
import { MusterError, messageOf } from '../../model/error.ts';
import type { Exchange } from './exchange.ts';
import type { Settings } from './settings.ts';

/** One line per request. */
export interface AccessLog {
  write(exchange: Exchange, status: number | null, ms: number): void;
  close(): void;
}

/** Bytes that may wait to be written; lines beyond that are left out, and counted. */
const mostWaiting = 1024 * 1024;

export function openAccessLog(to: Settings['accessLog'], log: Context['log']): AccessLog | null {
  if (to === false) return null;
  if (to === true) return { write: (exchange, status, ms) => log.info(lineOf(exchange, status, ms)), close() {} };
  return fileLog(to, log);
}

function fileLog(path: string, log: Context['log']): AccessLog {
  const file: WriteStream = createWriteStream(path, { flags: 'a', mode: 0o600 });
  let dropped = 0;
  let broken = false;
  file.on('error', (error) => {
    if (!broken) log.error(`the access log ${path} is not written any more: ${messageOf(error)}`);
    broken = true;
  });
  file.on('drain', () => {
    if (dropped > 0) file.write(`# ${dropped} lines were left out\n`);
    dropped = 0;
  });
  return {
    write(exchange, status, ms) {
      if (broken) return;
      if (file.writableLength > mostWaiting) dropped += 1;
      else file.write(`${new Date().toISOString()} ${lineOf(exchange, status, ms)}\n`);
    },
    close: () => void file.end(),
  };
}

/** Rejects at once for a file that cannot be opened, which a stream would only say later. */
export async function checkAccessLog(to: Settings['accessLog']): Promise<void> {
  if (typeof to !== 'string') return;
  const { open } = await import('node:fs/promises');
  try {
    await (await open(to, 'a', 0o600)).close();
  } catch (error) {
    throw new MusterError('EINVAL', `config.accessLog: ${messageOf(error)}`);
  }
}

/** Without the query: that is where secrets are. */
function lineOf({ request, response, target, live, sent }: Exchange, status: number | null, ms: number): string {
  const { socket, method, httpVersion } = request;
  const path = JSON.stringify(target?.path ?? '-').slice(1, -1);
  const bytes = sent ?? response.getHeader('content-length') ?? '-';
  const component = live?.component.name ?? '-';
  return `${socket.remoteAddress ?? '-'} ${target?.domain || '-'} "${method} ${path} HTTP/${httpVersion}" ${status ?? 'aborted'} ${bytes} ${ms.toFixed(1)}ms ${component}`;
}
