import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { pureBlake3Nodes } from '../blake3-node.js';
import { blake3Tree } from '../blake3-tree.js';
import { bytesToHex, concatBytes, hexToBytes } from '../bytes.js';
import { nobleCrypto } from '../noble-crypto.js';
import type { CryptoPort } from '../port.js';
import { blake3KeyedVector64, blake3Vectors, patternBytes } from '../vectors/blake3.js';
import { rfc8032Vectors } from '../vectors/rfc8032.js';
import { sha256Vectors } from '../vectors/sha256.js';
import { generateSignatureCases } from './signature-cases.js';
import { readSignatureEdges } from './signature-edge-file.js';
import { hashToScalar, torsionSignature } from './torsion-signature.js';

function expectPlainBytes(bytes: Uint8Array, sizeBytes: number): void {
  expect(bytes.constructor.name).toBe('Uint8Array');
  expect(bytes.length).toBe(sizeBytes);
}

/** The suite every CryptoPort passes: published vectors, then equality with the noble oracle. */
export function describeCryptoConformance(name: string, crypto: CryptoPort): void {
  describe(`CryptoPort: ${name}`, () => {
    test.each(sha256Vectors)('SHA-256 of "$text" (FIPS 180-4 examples)', ({ text, hash }) => {
      const data = Uint8Array.from(text, (character) => character.charCodeAt(0));
      expectPlainBytes(crypto.sha256(data), 32);
      expect(bytesToHex(crypto.sha256(data))).toBe(hash);
      expect(bytesToHex(crypto.sha256d(data))).toBe(bytesToHex(crypto.sha256(hexToBytes(hash))));
    });

    test.each(blake3Vectors)('BLAKE3 of $lengthBytes bytes', ({ lengthBytes, hash }) => {
      expectPlainBytes(crypto.blake3(patternBytes(lengthBytes)), 32);
      expect(bytesToHex(crypto.blake3(patternBytes(lengthBytes)))).toBe(hash);
    });

    test.each(rfc8032Vectors)('Ed25519, RFC 8032 section 7.1, $name', (vector) => {
      const secretKey = hexToBytes(vector.secretKey);
      const message = hexToBytes(vector.message);
      const publicKey = crypto.publicKey(secretKey);
      const signature = crypto.sign(secretKey, message);
      expectPlainBytes(publicKey, 32);
      expectPlainBytes(signature, 64);
      expect(bytesToHex(publicKey)).toBe(vector.publicKey);
      expect(bytesToHex(signature)).toBe(vector.signature);
      expect(crypto.verify({ publicKey, message, signature })).toBe(true);
      expect(crypto.verify({ publicKey, message: concatBytes(message, Uint8Array.of(1)), signature })).toBe(
        false,
      );
    });

    test('hashes pairs as single RFC 6962 nodes, none for none', () => {
      expectPlainBytes(crypto.hashPairs(new Uint8Array(0)), 0);
      fc.assert(
        fc.property(fc.array(fc.uint8Array({ minLength: 64, maxLength: 64 }), { maxLength: 20 }), (pairs) => {
          const expected = pairs.map((pair) => crypto.sha256(concatBytes(Uint8Array.of(1), pair)));
          expect(crypto.hashPairs(concatBytes(...pairs))).toEqual(concatBytes(...expected));
        }),
      );
      expect(() => crypto.hashPairs(new Uint8Array(63))).toThrow(/64-byte pairs/);
    });

    test('hashes leaves of 32 bytes as RFC 6962 does, none for none', () => {
      expectPlainBytes(crypto.hashLeaves(new Uint8Array(0)), 0);
      fc.assert(
        fc.property(
          fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 20 }),
          (leaves) => {
            const expected = leaves.map((leaf) => crypto.sha256(concatBytes(Uint8Array.of(0), leaf)));
            expect(crypto.hashLeaves(concatBytes(...leaves))).toEqual(concatBytes(...expected));
          },
        ),
      );
      expect(() => crypto.hashLeaves(new Uint8Array(31))).toThrow(/32-byte leaves/);
    });

    test('hashes pairs under a key as BLAKE3 in keyed mode does', () => {
      expectPlainBytes(crypto.hashStatePairs(new Uint8Array(32), new Uint8Array(0)), 0);
      // 64 bytes of the published vectors' input pattern, under their key.
      const key = Uint8Array.from('whats the Elvish word for friend', (character) => character.charCodeAt(0));
      expect(bytesToHex(crypto.hashStatePairs(key, patternBytes(64)))).toBe(blake3KeyedVector64);
      fc.assert(
        fc.property(
          fc.uint8Array({ minLength: 32, maxLength: 32 }),
          fc.array(fc.uint8Array({ minLength: 64, maxLength: 64 }), { maxLength: 40 }),
          fc.nat({ max: 3 }),
          (anyKey, pairs, offset) => {
            const embedded = concatBytes(new Uint8Array(offset), anyKey, ...pairs);
            const got = crypto.hashStatePairs(
              embedded.subarray(offset, offset + 32),
              embedded.subarray(offset + 32),
            );
            expectPlainBytes(got, pairs.length * 32);
            expect(got).toEqual(nobleCrypto.hashStatePairs(anyKey, concatBytes(...pairs)));
          },
        ),
      );
      expect(() => crypto.hashStatePairs(new Uint8Array(32), new Uint8Array(63))).toThrow(/64-byte pairs/);
      expect(() => crypto.hashStatePairs(new Uint8Array(31), new Uint8Array(64))).toThrow(/32 bytes/);
    });

    test('hashes many messages of up to one block as it hashes each', () => {
      expectPlainBytes(crypto.hashShort(new Uint8Array(0), new Uint8Array(0)), 0);
      fc.assert(
        fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 20 }), (messages) => {
          const blocks = new Uint8Array(messages.length * 64);
          for (const [index, message] of messages.entries()) blocks.set(message, index * 64);
          const lengths = Uint8Array.from(messages, ({ length }) => length);
          const got = crypto.hashShort(blocks, lengths);
          expectPlainBytes(got, messages.length * 32);
          expect(got).toEqual(concatBytes(...messages.map((message) => nobleCrypto.blake3(message))));
        }),
      );
      expect(() => crypto.hashShort(new Uint8Array(64), new Uint8Array(2))).toThrow(/2 lengths/);
    });

    test('hashes the nodes of BLAKE3 trees: whole trees give the published hashes', () => {
      for (const { lengthBytes, hash } of blake3Vectors)
        expect([lengthBytes, bytesToHex(blake3Tree(patternBytes(lengthBytes), crypto).root)]).toEqual([
          lengthBytes,
          hash,
        ]);
    });

    test('hashes chunks of any lengths and places, and parents, as the pure code does', () => {
      expectPlainBytes(crypto.hashParents(new Uint8Array(0)), 0);
      const chunk = fc.record({
        bytes: fc.uint8Array({ maxLength: 1024, size: 'max' }),
        index: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        isRoot: fc.nat({ max: 1 }),
      });
      fc.assert(
        fc.property(fc.array(chunk, { minLength: 1, maxLength: 9 }), fc.boolean(), (chunks, isCut) => {
          const padded = new Uint8Array(chunks.length * 1024);
          for (const [at, { bytes }] of chunks.entries()) padded.set(bytes, at * 1024);
          const last = chunks[chunks.length - 1] as { bytes: Uint8Array };
          const claim = {
            bytes: isCut ? padded.subarray(0, (chunks.length - 1) * 1024 + last.bytes.length) : padded,
            lengths: Uint32Array.from(chunks, ({ bytes }) => bytes.length),
            indexes: Uint32Array.from(chunks, ({ index }) => index),
            isRoot: Uint8Array.from(chunks, ({ isRoot }) => isRoot),
          };
          const values = crypto.hashChunks(claim);
          expectPlainBytes(values, 32 * chunks.length);
          expect(values).toEqual(pureBlake3Nodes.hashChunks(claim));
          const noRoots = { ...claim, isRoot: undefined };
          expect(crypto.hashChunks(noRoots)).toEqual(pureBlake3Nodes.hashChunks(noRoots));
          const pairs = padded.subarray(0, 64 * chunks.length);
          expect(crypto.hashParents(pairs, claim.isRoot)).toEqual(
            pureBlake3Nodes.hashParents(pairs, claim.isRoot),
          );
          expect(crypto.hashParents(pairs)).toEqual(pureBlake3Nodes.hashParents(pairs));
        }),
        { numRuns: 60 },
      );
      expect(() => crypto.hashParents(new Uint8Array(63))).toThrow(/64-byte pairs/);
      const words = Uint32Array.of(1025);
      expect(() =>
        crypto.hashChunks({ bytes: new Uint8Array(2048), lengths: words, indexes: words }),
      ).toThrow(/chunk 0 of 1025 bytes/);
    });

    test('hashes and signs any bytes, views into larger buffers too, as the oracle does', () => {
      fc.assert(
        fc.property(
          fc.uint8Array({ maxLength: 3000 }),
          fc.nat({ max: 40 }),
          fc.uint8Array({ minLength: 32, maxLength: 32 }),
          (bytes, offset, seed) => {
            const data = bytes.subarray(Math.min(offset, bytes.length));
            expect(crypto.sha256(data)).toEqual(nobleCrypto.sha256(data));
            expect(crypto.sha256Hex(data)).toBe(bytesToHex(nobleCrypto.sha256(data)));
            expect(crypto.sha256d(data)).toEqual(nobleCrypto.sha256d(data));
            expect(crypto.blake3(data)).toEqual(nobleCrypto.blake3(data));
            const publicKey = crypto.publicKey(seed);
            const signature = crypto.sign(seed, data);
            expect(signature).toEqual(nobleCrypto.sign(seed, data));
            const embedded = concatBytes(bytes, signature, publicKey);
            const at = bytes.length;
            expect(
              crypto.verify({
                publicKey: embedded.subarray(at + 64),
                message: data,
                signature: embedded.subarray(at, at + 64),
              }),
            ).toBe(true);
            const cut = Math.floor(data.length / 2);
            const split = {
              publicKey,
              prefix: data.subarray(0, cut),
              message: data.subarray(cut),
              signature,
            };
            expect(crypto.verify(split)).toBe(true);
            expect(crypto.verify({ ...split, prefix: Uint8Array.of(1, ...split.prefix) })).toBe(false);
          },
        ),
        { numRuns: 60 },
      );
    });

    test('gives the oracle’s verdict on every torsion, small-order, non-canonical and oversized case', () => {
      const verdicts = { accepted: 0, refused: 0 };
      for (const round of [1, 2]) {
        const cases = [...generateSignatureCases(new Uint8Array(32).fill(round))];
        const answers = crypto.verifyBatch(cases);
        for (const [i, signatureCase] of cases.entries()) {
          const expected = nobleCrypto.verify(signatureCase);
          verdicts[expected ? 'accepted' : 'refused']++;
          if (answers[i] !== expected || crypto.verify(signatureCase) !== expected) {
            throw new Error(`round ${round}, case "${signatureCase.name}": the oracle says ${expected}`);
          }
        }
      }
      // The cases must decide something both ways, or the comparison proves nothing.
      expect(verdicts.accepted).toBeGreaterThan(50);
      expect(verdicts.refused).toBeGreaterThan(2000);
    });

    test('gives the verdicts of signature-edges.json', () => {
      const edges = readSignatureEdges();
      expect(edges.length).toBeGreaterThan(400);
      expect(crypto.verifyBatch(edges)).toEqual(edges.map(({ isGood }) => isGood));
      for (const edge of edges) if (crypto.verify(edge) !== edge.isGood) throw new Error(`"${edge.name}"`);
    });

    test('gives the verdict that follows from arithmetic for any torsion of key and R', () => {
      const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
      const verdicts = new Set<boolean>();
      fc.assert(
        fc.property(
          bytes32,
          bytes32,
          fc.nat(7),
          fc.nat(7),
          fc.uint8Array({ maxLength: 60 }),
          (a, r, i, j, message) => {
            const torsion = { keyTorsion: i, nonceTorsion: j };
            const made = torsionSignature(hashToScalar(a), hashToScalar(r), message, torsion);
            verdicts.add(made.isGood);
            expect(crypto.verify(made)).toBe(made.isGood);
          },
        ),
        { numRuns: 150 },
      );
      expect(verdicts.size).toBe(2);
    });

    test('gives the oracle’s verdict on random mutations', () => {
      fc.assert(
        fc.property(
          fc.uint8Array({ minLength: 32, maxLength: 32 }),
          fc.uint8Array({ maxLength: 80 }),
          fc.nat({ max: 95 }),
          fc.nat({ max: 255 }),
          (seed, message, position, mask) => {
            const whole = concatBytes(crypto.publicKey(seed), crypto.sign(seed, message));
            whole[position] = (whole[position] as number) ^ mask;
            const check = { publicKey: whole.slice(0, 32), message, signature: whole.slice(32) };
            expect(crypto.verify(check)).toBe(mask === 0);
            expect(nobleCrypto.verify(check)).toBe(mask === 0);
          },
        ),
        { numRuns: 100 },
      );
    });

    test('answers false to malformed lengths, in a batch without touching its neighbours', () => {
      const seed = new Uint8Array(32).fill(9);
      const message = Uint8Array.of(1, 2, 3);
      const good = { publicKey: crypto.publicKey(seed), message, signature: crypto.sign(seed, message) };
      const bad = [
        { ...good, publicKey: good.publicKey.slice(1) },
        { ...good, publicKey: new Uint8Array(0) },
        { ...good, signature: good.signature.slice(0, 63) },
        { ...good, signature: concatBytes(good.signature, Uint8Array.of(0)) },
      ];
      for (const check of bad) expect(crypto.verify(check)).toBe(false);
      expect(crypto.verifyBatch([good, ...bad, good])).toEqual([true, false, false, false, false, true]);
      expect(crypto.verifyBatch([])).toEqual([]);
    });
  });
}
