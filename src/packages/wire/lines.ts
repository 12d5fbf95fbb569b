const newline = 0x0a;

/** Cuts what comes into lines; false: one is longer than that, and nothing more is to be taken. */
export function createLines(mostBytes: number, onLine: (line: string) => void): (chunk: Buffer) => boolean {
  let parts: Buffer[] = [];
  let bytes = 0;
  return (chunk) => {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      const last = chunk.subarray(start, end);
      if (bytes + last.length > mostBytes) return false;
      onLine(parts.length === 0 ? last.toString('utf8') : Buffer.concat([...parts, last]).toString('utf8'));
      [parts, bytes, start] = [[], 0, end + 1];
    }
    if (start === chunk.length) return true;
    // A copy: the rest of what it was cut from need not stay.
    const rest = Buffer.from(chunk.subarray(start));
    parts.push(rest);
    bytes += rest.length;
    return bytes <= mostBytes;
  };
}
