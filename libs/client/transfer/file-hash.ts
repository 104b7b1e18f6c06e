import { Blake3Hasher } from '@napi-rs/blake-hash';

/** BLAKE3 of a stream of bytes, natively: about 0.2 ms a MiB, less than a trip to a worker. */
export interface FileHash {
  update(bytes: Uint8Array): void;
  /** 32 bytes. */
  digest(): Uint8Array;
}

/** Starts hashing. */
export function createFileHash(): FileHash {
  const hasher = new Blake3Hasher();
  return {
    update: (bytes) => {
      hasher.update(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    },
    digest: () => new Uint8Array(hasher.digestBuffer()),
  };
}
