import type { SignatureCheck } from '#crypto';

/**
 * One batch as one flat buffer, so that a hand-over to a worker is one transfer and no copy:
 * per check 32 bytes key, 64 bytes signature, u32le message length, message. Lengths are checked before.
 */
const fixedBytes = 32 + 64 + 4;

/** Packs well-formed checks (32-byte key, 64-byte signature) into a fresh buffer of their own. */
export function encodeChecks(checks: readonly SignatureCheck[]): Uint8Array<ArrayBuffer> {
  let sizeBytes = 0;
  for (const { message } of checks) sizeBytes += fixedBytes + message.length;
  const flat = new Uint8Array(sizeBytes);
  const view = new DataView(flat.buffer);
  let offset = 0;
  for (const { publicKey, signature, message } of checks) {
    flat.set(publicKey, offset);
    flat.set(signature, offset + 32);
    view.setUint32(offset + 96, message.length, true);
    flat.set(message, offset + fixedBytes);
    offset += fixedBytes + message.length;
  }
  return flat;
}

/** The checks of a flat buffer, as views into it. */
export function decodeChecks(flat: Uint8Array): SignatureCheck[] {
  const view = new DataView(flat.buffer, flat.byteOffset, flat.byteLength);
  const checks: SignatureCheck[] = [];
  for (let offset = 0; offset < flat.length; ) {
    const end = offset + fixedBytes + view.getUint32(offset + 96, true);
    checks.push({
      publicKey: flat.subarray(offset, offset + 32),
      signature: flat.subarray(offset + 32, offset + 96),
      message: flat.subarray(offset + fixedBytes, end),
    });
    offset = end;
  }
  return checks;
}
