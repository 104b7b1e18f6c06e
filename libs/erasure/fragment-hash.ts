import { createRequire } from 'node:module';
import { blake3 as nobleBlake3 } from '@noble/hashes/blake3.js';

type Blake3 = (bytes: Uint8Array) => Uint8Array;

/** BLAKE3 compiled for this machine, or undefined where the package has no binary for it. */
export const nativeBlake3: Blake3 | undefined = loadNative();

/** BLAKE3 of stored bytes: the fragment id, the same that `b3sum` prints. Native where there is a binary, else noble. */
export const hashBytes: Blake3 = nativeBlake3 ?? ((bytes) => nobleBlake3(bytes));

function loadNative(): Blake3 | undefined {
  try {
    const native = createRequire(import.meta.url)('@napi-rs/blake-hash') as { blake3(input: Uint8Array): Uint8Array };
    return (bytes) => new Uint8Array(native.blake3(bytes));
  } catch {
    return undefined;
  }
}
