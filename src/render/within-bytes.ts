const encoder = new TextEncoder();

/** Of these lines, each with its line break. */
export function bytesOf(...lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + encoder.encode(line).length + 1, 0);
}

/** As many lines from the first on as have room, each whole. */
export function fitting(lines: readonly string[], most: number): readonly string[] {
  let left = most;
  const end = lines.findIndex((line) => {
    left -= bytesOf(line);
    return left < 0;
  });
  return end === -1 ? lines : lines.slice(0, end);
}
