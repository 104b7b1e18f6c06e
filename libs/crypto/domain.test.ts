import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { bytesToHex } from './bytes.js';
import { taggedHash, taggedHashHex, taggedMessage } from './domain.js';
import { nobleCrypto } from './noble-crypto.js';
import { taggedHashVectors } from './vectors/domain.js';

describe('tagged hashes', () => {
  test.each(taggedHashVectors)('$tag on network $networkId', ({ tag, networkId, data, hash }) => {
    const bytes = Buffer.from(data, 'hex');
    expect(bytesToHex(taggedHash(nobleCrypto, tag, networkId, bytes))).toBe(hash);
    expect(taggedHashHex(nobleCrypto, tag, networkId, bytes)).toBe(hash);
    // The definition, written out with another library.
    const tagHash = createHash('sha256').update(tag, 'ascii').digest();
    const network = Buffer.alloc(4);
    network.writeUInt32LE(networkId);
    const preimage = Buffer.concat([tagHash, tagHash, network, bytes]);
    expect(bytesToHex(taggedMessage(nobleCrypto, tag, networkId, bytes))).toBe(preimage.toString('hex'));
    expect(createHash('sha256').update(preimage).digest('hex')).toBe(hash);
  });

  test('tag and network each change the hash', () => {
    const part = Uint8Array.of(1);
    const hashes = [
      taggedHash(nobleCrypto, 'cairn/a', 1, part),
      taggedHash(nobleCrypto, 'cairn/b', 1, part),
      taggedHash(nobleCrypto, 'cairn/a', 2, part),
    ].map(bytesToHex);
    expect(new Set(hashes).size).toBe(3);
  });

  test('a tag outside ASCII is our own mistake', () => {
    expect(() => taggedHash(nobleCrypto, 'cairn/é', 1)).toThrow(/not ASCII/);
  });
});
