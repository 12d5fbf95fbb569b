import { checksum } from './line.ts';

const head = '{"crc32":"';
const middle = '","body":';
const bodyAt = head.length + 8 + middle.length;

/** A JSON file with a checksum over its body, for files that are written whole. */
export function seal(body: unknown): string {
  const json = JSON.stringify(body);
  return `${head}${checksum(json)}${middle}${json}}\n`;
}

/** What was sealed; undefined if it is not whole. */
export function unseal(bytes: Uint8Array): unknown {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
  const json = text.slice(bodyAt, -2);
  if (text !== `${head}${checksum(json)}${middle}${json}}\n`) return undefined;
  return JSON.parse(json);
}
