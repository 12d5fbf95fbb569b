import { crc32 } from 'node:zlib';
import type { JournalRecord } from './records.ts';

/** A record with its place in the order of all records ever written; numbers only grow, gaps mean nothing. */
export interface Numbered {
  seq: number;
  record: JournalRecord;
}

export interface Decoded {
  records: Numbered[];
  /** Runs of bytes that are no whole records, in order. */
  damaged: Uint8Array[];
  /** True if the only damage is an unfinished last line, as a crash leaves it. */
  tornTail: boolean;
}

const newline = 0x0a;
const checksumLength = 8;

/** `crc32 SPACE json NEWLINE`, the checksum in 8 hex digits over the bytes of the JSON. */
export function encodeLine({ seq, record }: Numbered): string {
  const json = JSON.stringify({ seq, ...record });
  return `${checksum(json)} ${json}\n`;
}

/** Finds the whole records in a journal, whatever became of the rest. */
export function decodeLines(bytes: Uint8Array): Decoded {
  const records: Numbered[] = [];
  const damaged: Uint8Array[] = [];
  let damagedFrom = -1;
  let start = 0;
  while (start < bytes.length) {
    const found = bytes.indexOf(newline, start);
    const end = found === -1 ? bytes.length : found;
    const numbered = found === -1 ? null : decodeLine(bytes.subarray(start, end));
    if (numbered === null) {
      if (damagedFrom === -1) damagedFrom = start;
    } else {
      if (damagedFrom !== -1) damaged.push(bytes.subarray(damagedFrom, start));
      damagedFrom = -1;
      records.push(numbered);
    }
    start = end + 1;
  }
  const tail = damagedFrom === -1 ? null : bytes.subarray(damagedFrom);
  if (tail !== null) damaged.push(tail);
  return { records, damaged, tornTail: damaged.length === 1 && tail !== null && !tail.includes(newline) };
}

/** CRC-32 in 8 hex digits. */
export function checksum(data: string | Uint8Array): string {
  return crc32(data).toString(16).padStart(checksumLength, '0');
}

function decodeLine(line: Uint8Array): Numbered | null {
  const json = line.subarray(checksumLength + 1);
  const head = Buffer.from(line.buffer, line.byteOffset, Math.min(line.length, checksumLength + 1)).toString('latin1');
  if (head !== `${checksum(json)} `) return null;
  const { seq, ...record } = JSON.parse(Buffer.from(json.buffer, json.byteOffset, json.length).toString()) as JournalRecord & {
    seq: number;
  };
  return { seq, record };
}
