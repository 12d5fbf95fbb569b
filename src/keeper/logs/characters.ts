/** Length without a character of UTF-8 at the end whose rest is still to come; all of it where it is no UTF-8. */
export function wholeCharacters(bytes: Uint8Array): number {
  for (let at = bytes.length - 1; at >= 0 && at > bytes.length - 4; at--) {
    const byte = bytes[at] ?? 0;
    if (byte >= 0xc0) return bytes.length - at < lengthOf(byte) ? at : bytes.length;
    if (byte < 0x80) break;
  }
  return bytes.length;
}

function lengthOf(first: number): number {
  return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
}
