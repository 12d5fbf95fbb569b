import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Peer } from '../model/audit.ts';

/** Linux: SOL_SOCKET and SO_PEERCRED, which gives pid, uid and gid as three ints. */
const programs: readonly (readonly string[])[] = [
  ['perl', '-e', 'open(my $s, "+<&=3") or exit 1; print join(" ", unpack("iii", getsockopt($s, 1, 17)))'],
  ['python3', '-c', 'import socket, struct; print(*struct.unpack("iii", socket.socket(fileno=3).getsockopt(1, 17, 12)))'],
];
const longestMs = 2000;

/**
 * Who connected, as the kernel knows it: the uid cannot be made up. Node cannot ask, so a program is handed the socket to ask for it; null where
 * there is none that can, or the connection is gone. What comes meanwhile is read after that.
 */
export async function peerOf(socket: Socket): Promise<Peer | null> {
  for (const argv of programs) {
    if (socket.destroyed) return null;
    const said = await answerOf(argv, socket);
    if (said === null) continue;
    const [, pid, uid] = /^(\d+) (\d+) \d+\s*$/.exec(said) ?? [];
    return pid === undefined ? null : { uid: Number(uid), pid: Number(pid) };
  }
  return null;
}

/** Null: there is no such program. The socket is handed over in this very turn. */
function answerOf([file = '', ...args]: readonly string[], socket: Socket): Promise<string | null> {
  const flows = socket.readableFlowing === true;
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'ignore', socket], timeout: longestMs, killSignal: 'SIGKILL' });
  // Node stops reading from a stream that it hands on.
  if (flows) socket.resume();
  return new Promise((resolve) => {
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk.slice(0, 100)));
    child.on('error', () => resolve(null));
    child.on('close', () => resolve(text));
  });
}
