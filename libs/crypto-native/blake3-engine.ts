import { createRequire } from 'node:module';
import { nobleCrypto } from '#crypto';

const require = createRequire(import.meta.url);

/** BLAKE3 from the ready-made binary; noble's where there is none for this machine (a hundred times slower). */
export function loadBlake3(): {
  readonly isNative: boolean;
  readonly blake3: (data: Uint8Array) => Uint8Array;
} {
  try {
    const native = require('@napi-rs/blake-hash') as { blake3(data: Uint8Array): Uint8Array };
    return { isNative: true, blake3: (data) => new Uint8Array(native.blake3(data)) };
  } catch {
    return { isNative: false, blake3: nobleCrypto.blake3 };
  }
}
