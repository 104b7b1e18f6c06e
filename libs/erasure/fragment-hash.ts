import { nativeCrypto, nativeEngines } from '#crypto-native';

/** BLAKE3 of stored bytes: the fragment id, the same that `b3sum` prints. Native where there is a binary, else noble. */
export const hashBytes: (bytes: Uint8Array) => Uint8Array = nativeCrypto.blake3;

/** Whether hashing is compiled code (about 0.2 ms a MiB) or JavaScript (20 ms). */
export const hashIsNative: boolean = nativeEngines.blake3 === '@napi-rs/blake-hash';
