import { createRequire } from 'node:module';
import { blake3 } from '@noble/hashes/blake3.js';

/** BLAKE3 of bytes that arrive piece by piece. */
export interface StreamingHash {
  update(bytes: Uint8Array): void;
  digestHex(): string;
}

interface NativeHasher {
  update(bytes: Uint8Array): unknown;
  digest(): string;
}

const require = createRequire(import.meta.url);

function loadNative(): (new () => NativeHasher) | undefined {
  try {
    return (require('@napi-rs/blake-hash') as { Blake3Hasher: new () => NativeHasher }).Blake3Hasher;
  } catch {
    return undefined;
  }
}

const Native = loadNative();

/** Native code (7 GB/s); noble's where there is no binary for this machine. */
export function createStreamingHash(): StreamingHash {
  if (Native !== undefined) {
    const hasher = new Native();
    return {
      update: (bytes) => {
        hasher.update(bytes);
      },
      digestHex: () => hasher.digest(),
    };
  }
  const hasher = blake3.create();
  return {
    update: (bytes) => {
      hasher.update(bytes);
    },
    digestHex: () => Buffer.from(hasher.digest()).toString('hex'),
  };
}
