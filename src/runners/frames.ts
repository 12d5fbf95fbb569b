import type { Socket } from 'node:net';
import { DefaultDeserializer, DefaultSerializer } from 'node:v8';

/** One end of a connection between a daemon and a runner, or between two daemons: values that can be cloned, each as one frame. */
export interface Frames {
  /** False: the other side reads too slowly. `sent` is called once it has left this process, or has nowhere to go. Throws where it cannot be cloned. */
  send(value: unknown, sent?: () => void): boolean;
  /** What `frameOf` has made. */
  sendFrame(frame: Buffer, sent?: () => void): boolean;
  /** Sends what waits, then goes. */
  end(): void;
  destroy(): void;
}

export interface FramesEvents {
  receive(value: unknown): void;
  /** It is over; an error if what came was no frame. */
  closed(error: Error | null): void;
}

/** All that is said in one turn goes as one: some of the longest payloads at a time. */
const longestFrame = 512 * 1024 * 1024;
const headBytes = 4;
const head = Buffer.alloc(headBytes);

export function createFrames(socket: Socket, { receive, closed }: FramesEvents): Frames {
  let garbled: Error | null = null;
  const take = createReader(receive);
  socket.on('data', (chunk: Buffer) => {
    if (garbled !== null) return;
    try {
      take(chunk);
    } catch (error) {
      garbled = error as Error;
      socket.destroy();
    }
  });
  socket.on('error', () => {}); // 'close' follows
  socket.on('end', () => socket.end());
  socket.on('close', () => closed(garbled));
  return {
    send: (value, sent) => sendFrame(frameOf(value), sent),
    sendFrame,
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  };

  function sendFrame(frame: Buffer, sent: () => void = () => {}): boolean {
    if (socket.writable) return socket.write(frame, () => sent());
    sent();
    return true;
  }
}

export function frameOf(value: unknown): Buffer {
  const writer = new DefaultSerializer();
  writer.writeRawBytes(head);
  writer.writeHeader();
  writer.writeValue(value);
  const frame = writer.releaseBuffer();
  frame.writeUInt32BE(frame.length - headBytes);
  return frame;
}

/** What a socket gives in pieces; most of them hold whole frames. Throws for what is none, and for what `receive` throws. */
function createReader(receive: (value: unknown) => void): (chunk: Buffer) => void {
  let parts: Buffer[] = [];
  let length = 0;
  /** Bytes of the frame that has begun, head included. */
  let wanted = headBytes;

  return (chunk) => {
    parts.push(chunk);
    length += chunk.length;
    if (length < wanted) return;
    let rest = parts.length === 1 ? chunk : Buffer.concat(parts);
    for (;;) {
      wanted = rest.length < headBytes ? headBytes : headBytes + bounded(rest.readUInt32BE());
      if (rest.length < wanted || wanted === headBytes) break;
      receive(readValueOf(rest.subarray(headBytes, wanted)));
      rest = rest.subarray(wanted);
    }
    parts = rest.length === 0 ? [] : [rest];
    length = rest.length;
  };
}

function bounded(bytes: number): number {
  if (bytes === 0 || bytes > longestFrame) throw new Error(`it announced a message of ${bytes} bytes`);
  return bytes;
}

function readValueOf(bytes: Buffer): unknown {
  const reader = new DefaultDeserializer(bytes);
  reader.readHeader();
  return reader.readValue();
}
