import { connect } from 'node:net';
import { parseTcp } from '../../../model/fields/probes.ts';
import { failureWords, type Probe } from './probe.ts';

/** Passes when somebody takes the connection, which is closed at once. */
export function tcpProbe(address: string): Probe {
  const { host, port } = parseTcp(address) ?? { host: address, port: 0 };
  return {
    what: `tcp ${address}`,
    attempt: (signal) =>
      new Promise((resolve) => {
        const socket = connect({ host, port });
        const settle = (failure: string | null): void => {
          signal.removeEventListener('abort', onAbort);
          socket.destroy();
          resolve(failure);
        };
        const onAbort = (): void => settle('no answer in time');
        signal.addEventListener('abort', onAbort);
        socket.on('error', (error) => settle(failureWords(error)));
        socket.once('connect', () => settle(metItself(socket) ? 'connection refused' : null));
        if (signal.aborted) onAbort();
      }),
  };
}

/** Where nobody listens on a port of the range that outgoing connections are given, one of these can happen to connect to itself. */
function metItself({ localPort, remotePort, localAddress, remoteAddress }: ReturnType<typeof connect>): boolean {
  return localPort === remotePort && localAddress === remoteAddress;
}
