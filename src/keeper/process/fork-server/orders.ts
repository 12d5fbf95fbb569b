import { join } from 'node:path';
import type { Execution } from '../../execute.ts';

const headBytes = 4;

/** An order to execute a program; what it gets as descriptors is opened once more, by way of the descriptors of this process. Pure. */
export function executeOrder(id: string, { line, cwd, env, stdio, cgroup }: Execution, self: number): Buffer {
  const variables = Object.entries(env);
  const files = stdio.map((fd, at) => (typeof fd === 'number' ? `/proc/${self}/fd/${fd}` : at < 3 ? 'null' : ''));
  const procs = cgroup === null ? '' : join(cgroup, 'cgroup.procs');
  const counts = [String(files.length), String(variables.length)];
  return encodeOrder(['execute', id, line.file, line.argv0, cwd, procs, ...counts, ...variables.flat(), ...files, ...line.args]);
}

/** Lets the number of a program that has ended be another's. Pure. */
export function reapOrder(id: string): Buffer {
  return encodeOrder(['reap', id]);
}

/** To be answered, so that one that hangs is noticed. */
export const pingOrder = encodeOrder(['ping']);

/** Each text has its length in bytes before it, and so has the whole: 32 bits, the highest first. */
function encodeOrder(fields: readonly string[]): Buffer {
  const lengths = fields.map((field) => Buffer.byteLength(field));
  const length = lengths.reduce((sum, bytes) => sum + headBytes + bytes, 0);
  const order = Buffer.allocUnsafe(headBytes + length);
  let at = order.writeUInt32BE(length);
  for (const [index, field] of fields.entries()) {
    at = order.writeUInt32BE(lengths[index] ?? 0, at);
    at += order.write(field, at);
  }
  return order;
}
