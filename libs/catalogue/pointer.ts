import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { concatBytes, u32le, u64le } from '#crypto';
import { accepted, assertInvariant, type Result, refused } from '#errors';
import { decodeManifest, encodeManifest, type Manifest } from '#fragments';

/** Most bytes an anchor's pointer may have on chain. */
export const MAX_POINTER_BYTES = 2_048;
const NONCE_BYTES = 24;
const TAG_BYTES = 16;

/**
 * Where the catalogue is. Level 0: the manifest of the catalogue itself; level n: the manifest of a file that holds
 * the manifest of level n - 1, for catalogues too large for a pointer.
 */
export interface CataloguePointer {
  readonly level: number;
  readonly manifest: Manifest;
}

/** What a sealed pointer is bound to, so that an old one cannot be passed off as the new one. */
export interface PointerContext {
  /** 32 bytes, `deriveSecret(phrase, POINTER_SECRET_LABEL)`. */
  readonly key: Uint8Array;
  readonly networkId: number;
  readonly sequence: bigint;
}

/** Label of the secret that seals pointers. */
export const POINTER_SECRET_LABEL = 'catalogue/pointer';

/** Whether a manifest fits into a pointer. */
export function fitsPointer(manifest: Manifest): boolean {
  return NONCE_BYTES + TAG_BYTES + 1 + encodeManifest(manifest).length <= MAX_POINTER_BYTES;
}

/** Seals a pointer (XChaCha20-Poly1305, 24-byte random nonce first). */
export function sealPointer(
  context: PointerContext,
  pointer: CataloguePointer,
  nonce: Uint8Array,
): Uint8Array {
  assertInvariant(nonce.length === NONCE_BYTES, `a pointer's nonce has ${NONCE_BYTES} bytes`);
  const plain = concatBytes(Uint8Array.of(pointer.level), encodeManifest(pointer.manifest));
  return concatBytes(nonce, xchacha20poly1305(context.key, nonce, associatedData(context)).encrypt(plain));
}

/** Opens a pointer, or says why it cannot be opened: another phrase, another sequence number, or damage. */
export function openPointer(context: PointerContext, sealed: Uint8Array): Result<CataloguePointer> {
  if (sealed.length <= NONCE_BYTES + TAG_BYTES)
    return refused({ rule: 'pointer/short', lengthBytes: sealed.length });
  const nonce = sealed.subarray(0, NONCE_BYTES);
  let plain: Uint8Array;
  try {
    plain = xchacha20poly1305(context.key, nonce, associatedData(context)).decrypt(
      sealed.subarray(NONCE_BYTES),
    );
  } catch {
    return refused({ rule: 'pointer/unreadable', sequence: context.sequence });
  }
  const manifest = decodeManifest(plain.subarray(1));
  if (!manifest.ok) return manifest;
  return accepted({ level: plain[0] ?? 0, manifest: manifest.value });
}

function associatedData(context: PointerContext): Uint8Array {
  return concatBytes(u32le(context.networkId), u64le(context.sequence));
}
