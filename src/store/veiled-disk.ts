import type { AppendFile, Disk } from '../model/ports.ts';

/** What must not stand on a disk in clear, and how it stands there instead. */
export interface Veil {
  /** Whether a text has something in it that is secret. */
  isSecret(text: string): boolean;
  seal(text: string): string;
  /** Null if it is not what was sealed. */
  open(sealed: string): string | null;
}

const mark = 'sealed:';
const newline = 0x0a;

/**
 * A disk whose files are lines of text. Each line that tells a secret is sealed: whoever reads by this disk does not see the difference.
 * After the first such line was read all are sealed that are written: what is secret is not known before a config was read.
 */
export function veiledDisk(disk: Disk, veil: Veil): Disk {
  let cautious = false;

  const hide = (text: string): string => (cautious || veil.isSecret(text) ? text.replace(/[^\n]+/g, hideLine) : text);
  const hideLine = (line: string): string => (cautious || veil.isSecret(line) ? `${mark}${veil.seal(line)}` : line);

  const reveal = (bytes: Uint8Array): Uint8Array => {
    const raw = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (!raw.includes(mark)) return bytes;
    const lines: Buffer[] = [];
    for (let start = 0; start < raw.length; ) {
      const found = raw.indexOf(newline, start);
      const end = found === -1 ? raw.length : found + 1;
      lines.push(revealLine(raw.subarray(start, end)));
      start = end;
    }
    return Buffer.concat(lines);
  };
  /** What was cut off or damaged stays as it is. */
  const revealLine = (line: Buffer): Buffer => {
    if (!line.subarray(0, mark.length).equals(Buffer.from(mark)) || line.at(-1) !== newline) return line;
    const text = veil.open(line.toString('latin1', mark.length, line.length - 1));
    if (text === null) return line;
    cautious = true;
    return Buffer.from(`${text}\n`);
  };

  return {
    ...disk,
    async read(path) {
      const bytes = await disk.read(path);
      return bytes === null ? null : reveal(bytes);
    },
    async openAppend(path): Promise<AppendFile> {
      const file = await disk.openAppend(path);
      return { append: (text) => file.append(hide(text)), sync: () => file.sync(), size: () => file.size(), close: () => file.close() };
    },
    replace: (path, content) => disk.replace(path, typeof content === 'string' ? hide(content) : hideBytes(content)),
  };

  /** Copies of what was damaged, which may be no text, and room that is only taken. */
  function hideBytes(bytes: Uint8Array): Uint8Array | string {
    return Buffer.alloc(bytes.length).equals(bytes) ? bytes : bytesOf(hide(Buffer.from(bytes).toString('latin1')));
  }
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}
