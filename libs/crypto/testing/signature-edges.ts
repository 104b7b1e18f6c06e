import { ed25519 } from '@noble/curves/ed25519.js';
import { asciiToBytes, concatBytes } from '../bytes.js';
import type { SignatureCheck } from '../port.js';
import { smallOrderEncodings } from './signature-cases.js';
import { hashToScalar, type JudgedSignature, scalarToBytes, torsionSignature } from './torsion-signature.js';

const groupOrder = ed25519.Point.Fn.ORDER;
const fieldPrime = 2n ** 255n - 19n;
const message = asciiToBytes('cairn signature edges');
const a = hashToScalar(asciiToBytes('key'));
const nonce = (at: number): bigint => hashToScalar(asciiToBytes(`nonce ${at}`));

/** For each pair of torsion parts a signature that is good, where there is one, and one that is not. */
function torsionMatrix(): JudgedSignature[] {
  const found: JudgedSignature[] = [];
  for (let keyTorsion = 0; keyTorsion < 8; keyTorsion++) {
    for (let nonceTorsion = 0; nonceTorsion < 8; nonceTorsion++) {
      const verdicts = new Map<boolean, JudgedSignature>();
      for (let at = 0; at < 60 && verdicts.size < 2; at++) {
        const made = torsionSignature(a, nonce(at), message, { keyTorsion, nonceTorsion });
        if (!verdicts.has(made.isGood)) verdicts.set(made.isGood, made);
      }
      found.push(...verdicts.values());
    }
  }
  return found;
}

/** Every pair of encodings of small order, with the S that satisfies the bare equation for a key of order 1. */
function smallOrderMatrix(honest: JudgedSignature): JudgedSignature[] {
  const small = smallOrderEncodings();
  const zero = new Uint8Array(32);
  const bad = (name: string, check: SignatureCheck): JudgedSignature => ({ name, ...check, isGood: false });
  const encodedR = honest.signature.subarray(0, 32);
  const encodedS = honest.signature.subarray(32);
  return small.flatMap((point, at) => [
    bad(`A small ${at}, R and S honest`, { ...honest, publicKey: point }),
    bad(`R small ${at}, A and S honest`, { ...honest, signature: concatBytes(point, encodedS) }),
    bad(`A small ${at}, R = S*B`, {
      publicKey: point,
      message,
      signature: concatBytes(ed25519.Point.BASE.multiply(7n).toBytes(), scalarToBytes(7n)),
    }),
    bad(`A small ${at}, R honest, S = 0`, {
      publicKey: point,
      message,
      signature: concatBytes(encodedR, zero),
    }),
    ...small.map((other, index) =>
      bad(`A small ${at}, R small ${index}, S = 0`, {
        publicKey: point,
        message,
        signature: concatBytes(other, zero),
      }),
    ),
  ]);
}

/** S beside its range, and keys and R that are no canonical points. */
function encodings(honest: JudgedSignature): JudgedSignature[] {
  const encodedR = honest.signature.subarray(0, 32);
  const encodedS = honest.signature.subarray(32);
  const s = encodedS.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  const withS = (name: string, value: bigint): JudgedSignature => ({
    ...honest,
    name,
    signature: concatBytes(encodedR, scalarToBytes(value)),
    isGood: false,
  });
  const scalars = [
    withS('S = 0', 0n),
    withS('S = 1', 1n),
    withS('S = L - 1', groupOrder - 1n),
    withS('S = L', groupOrder),
    withS('S = L + 1', groupOrder + 1n),
    withS('S = 2^252', 2n ** 252n),
    withS('S = 2^255', 2n ** 255n),
    withS('S = 2^256 - 1', 2n ** 256n - 1n),
    withS('S - 1', s - 1n),
    withS('L - S', groupOrder - s),
    ...Array.from({ length: 15 }, (_, at) => BigInt(at + 1))
      .filter((times) => s + times * groupOrder < 2n ** 256n)
      .map((times) => withS(`S + ${times}L`, s + times * groupOrder)),
  ];
  const points = Array.from({ length: 19 }, (_, low) => [0n, 1n].map((sign) => ({ low, sign }))).flat();
  const nonCanonical = points.flatMap(({ low, sign }) => {
    const encoded = scalarToBytes((fieldPrime + BigInt(low)) | (sign << 255n));
    return [
      { ...honest, name: `A = p + ${low}, sign ${sign}`, publicKey: encoded, isGood: false },
      {
        ...honest,
        name: `R = p + ${low}, sign ${sign}`,
        signature: concatBytes(encoded, encodedS),
        isGood: false,
      },
    ];
  });
  return [...scalars, ...nonCanonical];
}

/** Signatures at the edges of the rule (docs/protocol/signatures.md), the same in every run, with their verdicts. */
export function signatureEdges(): readonly JudgedSignature[] {
  const honest = {
    ...torsionSignature(a, nonce(0), message, { keyTorsion: 0, nonceTorsion: 0 }),
    name: 'honest',
  };
  return [honest, ...torsionMatrix(), ...smallOrderMatrix(honest), ...encodings(honest)];
}
