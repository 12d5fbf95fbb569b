import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Notification, NotifyOn } from '../../src/model/notify.ts';
import { until } from './place.ts';

export interface Got {
  readonly body: Notification;
  readonly headers: IncomingHttpHeaders;
  readonly path: string;
  /** Whether it was answered that it was taken. */
  readonly taken: boolean;
}

/** What it does with the next request instead of taking it. */
export type Fault = 'refuse' | 'hang' | 'reset' | 'redirect';

/** One who is told over HTTP. */
export interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly got: readonly Got[];
  /** From now on, one for each request; after them all are taken. */
  faults(...next: Fault[]): void;
  taken(): Got[];
  /** The last one of that kind that was taken; waits for it. */
  next(event: NotifyOn, after?: number): Promise<Notification>;
}

export async function createReceiver(): Promise<Receiver> {
  const got: Got[] = [];
  let faults: Fault[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      const fault = faults.shift();
      const body = JSON.parse(text) as Notification;
      got.push({ body, headers: request.headers, path: request.url ?? '', taken: fault === undefined });
      answer(fault, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/hush-hush-path`,
    got,
    faults: (...next) => {
      faults = next;
    },
    taken: () => got.filter(({ taken }) => taken),
    async next(event, after = 0) {
      const find = () => receiver.taken().findLast(({ body }, index) => index >= after && body.event === event)?.body;
      await until(() => find() !== undefined, `${event} is told`);
      return find() as Notification;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}

function answer(fault: Fault | undefined, response: ServerResponse): void {
  if (fault === 'hang') return;
  if (fault === 'reset') response.destroy();
  else if (fault === 'refuse') response.writeHead(503).end('go away');
  else if (fault === 'redirect') response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
  else response.writeHead(204).end();
}
