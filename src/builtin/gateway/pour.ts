import type { ServerResponse } from 'node:http';
import { MusterError } from '../../model/error.ts';
import type { Exchange } from './exchange.ts';

/** Where the pieces of a body come from. */
export interface Chunks {
  next(): Promise<IteratorResult<unknown>> | IteratorResult<unknown>;
  /** Nobody wants more. */
  stop(): unknown;
}

/** What a body can be read from piece by piece; null: it is no stream. Lists and plain objects are data. */
export function chunksOf(body: unknown): Chunks | null {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return null;
  if (body instanceof ReadableStream) return ofStream(body);
  if (Symbol.asyncIterator in body) return ofIterator((body as AsyncIterable<unknown>)[Symbol.asyncIterator]());
  if (!(Symbol.iterator in body) || typeof (body as { next?: unknown }).next !== 'function') return null;
  return ofIterator((body as Iterable<unknown>)[Symbol.iterator]());
}

/** By its reader, which takes half the promises of iterating it. */
function ofStream(stream: ReadableStream<unknown>): Chunks {
  const reader = stream.getReader();
  return { next: () => reader.read() as Promise<IteratorResult<unknown>>, stop: () => reader.cancel() };
}

function ofIterator(source: AsyncIterator<unknown> | Iterator<unknown>): Chunks {
  return { next: () => source.next(), stop: () => source.return?.() };
}

/** Writes as fast as the client reads. Where that is gone, or the component is, the source is told to stop. */
export async function pour(chunks: Chunks, exchange: Exchange): Promise<void> {
  const { response } = exchange;
  exchange.sent = 0;
  let stopped = false;
  // A source may wait for ever for what comes next.
  const stop = (): void => {
    if (response.writableEnded) return;
    stopped = true;
    stopQuietly(chunks);
  };
  response.once('close', stop);
  try {
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
      if (stopped) return;
      const chunk = checked(next.value);
      exchange.sent += typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.byteLength;
      if (!response.write(chunk) && response.writableNeedDrain) await room(response);
    }
    response.end();
  } catch (error) {
    if (!stopped) throw error;
  }
}

/** It is of no use any more, whatever it says to that. */
export function stopQuietly(chunks: Chunks): void {
  void (async () => chunks.stop())().catch(() => {});
}

function room(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}

function checked(chunk: unknown): string | Uint8Array {
  if (typeof chunk === 'string' || chunk instanceof Uint8Array) return chunk;
  throw new MusterError('EINVAL', `a piece of a body is text or bytes, found ${chunk === null ? 'null' : typeof chunk}`);
}
