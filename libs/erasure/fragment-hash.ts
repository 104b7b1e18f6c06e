import { blake3Engine, nativeCrypto } from '#crypto-native';

/** BLAKE3 of stored bytes: the fragment id, the same that `b3sum` prints. */
export const hashBytes: (bytes: Uint8Array) => Uint8Array = nativeCrypto.blake3;

/** Whether hashing is native code (about 0.2 ms a MiB) and not wasm (0.7 ms) or JavaScript (20 ms). */
export const hashIsNative: boolean = blake3Engine.name === '@napi-rs/blake-hash';

/** The id of a fragment that is written part by part, from the front. */
export interface FragmentHasher {
  /** The part that was just written: hashed while it is in the cache, where the engine takes parts. */
  update(part: Uint8Array): void;
  digest(): Uint8Array;
}

/** A hasher of one fragment, which is complete in `fragment` when `digest` is called. */
export function createFragmentHasher(fragment: Uint8Array): FragmentHasher {
  return blake3Engine.createHasher?.() ?? { update: () => undefined, digest: () => hashBytes(fragment) };
}
