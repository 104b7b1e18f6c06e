import type { SignatureCheck } from '#crypto';

/**
 * One batch as one flat buffer, so that a hand-over to a worker is one transfer and no copy:
 * per check 32 bytes key, 64 bytes signature, u32le message length, message. Lengths are checked before.
 */
const fixedBytes = 32 + 64 + 4;

/** Packs well-formed checks (32-byte key, 64-byte signature) into a fresh buffer of their own. */
export function encodeChecks(checks: readonly SignatureCheck[]): Uint8Array<ArrayBuffer> {
  let sizeBytes = 0;
  for (const { prefix, message } of checks) {
    sizeBytes += fixedBytes + message.length + (prefix === undefined ? 0 : prefix.length);
  }
  const flat = new Uint8Array(sizeBytes);
  const view = new DataView(flat.buffer);
  let offset = 0;
  for (const { publicKey, signature, prefix, message } of checks) {
    flat.set(publicKey, offset);
    flat.set(signature, offset + 32);
    const lengthAt = offset + 96;
    offset += fixedBytes;
    if (prefix !== undefined) {
      flat.set(prefix, offset);
      offset += prefix.length;
    }
    flat.set(message, offset);
    offset += message.length;
    view.setUint32(lengthAt, offset - lengthAt - 4, true);
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
