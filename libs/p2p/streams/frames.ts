import type { Stream } from '@libp2p/interface';

/** Why a frame was not read or written; a stream that shows one is reset. */
export type FrameFault = 'too-large' | 'gone' | 'trailing-bytes';

export class FrameError extends Error {
  constructor(readonly fault: FrameFault) {
    super(`stream: ${fault}`);
    this.name = 'FrameError';
  }
}

const LENGTH_BYTES = 4;
/** Written at once; then the other end may take its time. */
const CHUNK_BYTES = 64 * 1_024;

/**
 * Reads the one frame of a stream: its length (4 bytes, big-endian), then that many bytes, then nothing. Memory grows
 * with what has arrived, never with what was announced.
 * @throws FrameError; whatever the signal was aborted with
 */
export function readFrame(stream: Stream, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const chunks: Uint8Array[] = [];
    let count = 0;
    let length: number | undefined;
    const end = (finish: () => void): void => {
      stream.removeEventListener('message', onMessage);
      stream.removeEventListener('close', onGone);
      stream.removeEventListener('remoteCloseWrite', onGone);
      signal.removeEventListener('abort', onAbort);
      finish();
    };
    const fail = (error: unknown): void => end(() => reject(error));
    const onAbort = (): void => fail(signal.reason);
    const onGone = (): void => fail(new FrameError('gone'));
    const onMessage = ({ data }: { data: Uint8Array | { subarray(): Uint8Array } }): void => {
      const bytes = data instanceof Uint8Array ? data : data.subarray();
      count += bytes.byteLength;
      if (length === undefined) {
        received = Buffer.concat([received, bytes]);
        if (received.byteLength < LENGTH_BYTES) return;
        length = received.readUInt32BE(0);
        if (received.byteLength > LENGTH_BYTES) chunks.push(received.subarray(LENGTH_BYTES));
      } else chunks.push(bytes);
      if (length > maxBytes) fail(new FrameError('too-large'));
      else if (count > LENGTH_BYTES + length) fail(new FrameError('trailing-bytes'));
      else if (count === LENGTH_BYTES + length)
        end(() => resolve(toPlainBytes(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))));
    };
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort);
    stream.addEventListener('close', onGone);
    stream.addEventListener('remoteCloseWrite', onGone);
    stream.addEventListener('message', onMessage);
    const isOver = stream.readBufferLength === 0 && stream.remoteWriteStatus === 'closed';
    if (isOver || (stream.status !== 'open' && stream.readBufferLength === 0)) onGone();
  });
}

/** Writes the one frame of a stream at the speed of its reader, and ends our side of it. */
export async function writeFrame(stream: Stream, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  const head = new Uint8Array(LENGTH_BYTES);
  new DataView(head.buffer).setUint32(0, bytes.byteLength);
  let canSend = stream.send(head);
  for (let at = 0; at < bytes.byteLength; at += CHUNK_BYTES) {
    if (!canSend) await stream.onDrain({ signal });
    signal.throwIfAborted();
    canSend = stream.send(bytes.subarray(at, at + CHUNK_BYTES));
  }
  await stream.close({ signal });
}

/**
 * The same bytes as a plain Uint8Array. Sockets give Buffers, whose `slice` is a view where everybody else's is a copy:
 * pure code that reverses a slice would change what it was given.
 */
export function toPlainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
