import { AppError } from '#errors';
import type { SourceFile } from './source.js';

/** Bytes as they come, from standard input or a socket. */
export type ByteStream = AsyncIterable<Uint8Array> & { destroy?(): unknown };

/**
 * A stream as a source whose size is known at its end. It is read no faster than it is asked for, and cannot be read
 * again: an upload of it does not go on after a kill.
 */
export function openStdinSource(stream: ByteStream, options: { nowMs?: () => number } = {}): SourceFile {
  const parts = stream[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);
  let isOver = false;
  const next = async (): Promise<Uint8Array | undefined> => {
    if (isOver) return undefined;
    const { value, done } = await parts.next().catch((cause: unknown) => {
      throw brokeOff(cause);
    });
    isOver = done === true;
    return isOver ? undefined : (value as Uint8Array);
  };
  return {
    sizeBytes: undefined,
    modifiedAtMs: (options.nowMs ?? Date.now)(),
    async read(lengthBytes) {
      const buffer = new Uint8Array(lengthBytes);
      let filled = 0;
      while (filled < lengthBytes) {
        if (rest.length === 0) {
          const part = await next();
          if (part === undefined) break;
          rest = part;
        }
        const taken = rest.subarray(0, lengthBytes - filled);
        buffer.set(taken, filled);
        filled += taken.length;
        rest = rest.subarray(taken.length);
      }
      return filled === lengthBytes ? buffer : buffer.slice(0, filled);
    },
    assertUnchanged: async () => undefined,
    close: async () => {
      if (!isOver) stream.destroy?.();
    },
  };
}

function brokeOff(cause: unknown): AppError {
  const reason =
    (cause as NodeJS.ErrnoException).code ?? (cause instanceof Error ? cause.message : String(cause));
  return new AppError({
    code: 'source/unreadable',
    message: `What was to be stored broke off in the middle (${reason}). Nothing was stored and nothing was paid.`,
    next: 'Look at the command that writes it, and run both again.',
    cause,
  });
}
