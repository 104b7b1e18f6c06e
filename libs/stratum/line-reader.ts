/** Lines out of the bytes of a connection. */
export interface LineReader {
  /** The whole lines among what has arrived; undefined: a line is longer than allowed. */
  push(chunk: Uint8Array): readonly string[] | undefined;
}

const NEWLINE = 0x0a;

/** A reader that never holds more than one line of the longest kind. A final carriage return is dropped, empty lines too. */
export function createLineReader(maxLineBytes: number): LineReader {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  const decoder = new TextDecoder();
  return {
    push(chunk) {
      const lines: string[] = [];
      let from = 0;
      for (;;) {
        const end = chunk.indexOf(NEWLINE, from);
        const piece = chunk.subarray(from, end < 0 ? chunk.length : end);
        if (heldBytes + piece.length > maxLineBytes) return undefined;
        if (end < 0) {
          if (piece.length > 0) held.push(Uint8Array.from(piece));
          heldBytes += piece.length;
          return lines;
        }
        const line = decoder.decode(held.length === 0 ? piece : join(held, piece, heldBytes)).trim();
        if (line !== '') lines.push(line);
        held = [];
        heldBytes = 0;
        from = end + 1;
      }
    },
  };
}

function join(held: readonly Uint8Array[], last: Uint8Array, heldBytes: number): Uint8Array {
  const out = new Uint8Array(heldBytes + last.length);
  let offset = 0;
  for (const piece of [...held, last]) {
    out.set(piece, offset);
    offset += piece.length;
  }
  return out;
}
