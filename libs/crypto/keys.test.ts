import { createHmac, hkdfSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { mnemonicToSeedSync } from '@scure/bip39';
import fc from 'fast-check';
import { bytesToHex, hexToBytes } from './bytes.js';
import { deriveKeyAtPath, deriveRoleKey, deriveSecret, keyRoleNumbers, roleKeyPath } from './keys.js';
import { newPhrase, normalizePhrase, phraseToSeed, validatePhrase } from './phrase.js';
import { bip39Vectors, plainSeedOfFirst } from './vectors/bip39.js';
import { roleKeyPhrase, roleKeyVectors, secretVectors } from './vectors/role-keys.js';
import { slip10Vectors } from './vectors/slip10.js';

describe('phrases', () => {
  test.each(bip39Vectors)('BIP-39: $entropy', ({ entropy, phrase, seedWithTrezor }) => {
    expect(newPhrase(hexToBytes(entropy))).toBe(phrase);
    expect(validatePhrase(phrase)).toBeUndefined();
    expect(bytesToHex(mnemonicToSeedSync(phrase, 'TREZOR'))).toBe(seedWithTrezor);
  });

  test('the seed has no passphrase, and spelling does not matter', () => {
    expect(bytesToHex(phraseToSeed(roleKeyPhrase))).toBe(plainSeedOfFirst);
    const typed = `  ${roleKeyPhrase.toUpperCase().split(' ').join(' \n\t')}\n`;
    expect(validatePhrase(typed)).toBeUndefined();
    expect(normalizePhrase(typed)).toBe(roleKeyPhrase);
    expect(bytesToHex(phraseToSeed(typed))).toBe(plainSeedOfFirst);
  });

  test('says what is wrong: the number of words, which word, or the checksum', () => {
    const words = roleKeyPhrase.split(' ');
    expect(validatePhrase('')).toEqual({ rule: 'phrase/word-count', words: 0, allowed: '12 or 24' });
    expect(validatePhrase(words.slice(1).join(' '))).toMatchObject({ rule: 'phrase/word-count', words: 11 });
    // 15 words are BIP-39 but not ours: one length more is one mistake more.
    expect(validatePhrase(Array(15).fill('abandon').join(' '))).toMatchObject({ rule: 'phrase/word-count' });
    expect(validatePhrase(words.with(4, 'abandom').join(' '))).toEqual({
      rule: 'phrase/unknown-word',
      position: 5,
      word: 'abandom',
    });
    expect(validatePhrase(words.with(11, 'abandon').join(' '))).toEqual({
      rule: 'phrase/checksum',
      words: 12,
    });
  });

  test('an unchecked phrase is our own mistake, and the message does not repeat the phrase', () => {
    expect(() => phraseToSeed('zoo zoo')).toThrow(/not checked before use: phrase\/word-count/);
    expect(() => newPhrase(new Uint8Array(20))).toThrow(/16 or 32 bytes of entropy, got 20/);
  });

  test('every entropy gives a valid phrase', () => {
    const entropy = fc.oneof(
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
    );
    fc.assert(
      fc.property(entropy, (bytes) => {
        const phrase = newPhrase(bytes);
        expect(phrase.split(' ')).toHaveLength(bytes.length === 16 ? 12 : 24);
        expect(validatePhrase(phrase)).toBeUndefined();
      }),
    );
  });
});

describe('derived keys', () => {
  test.each(slip10Vectors)('SLIP-0010 Ed25519 $path', ({ seed, path, secretKey, publicKey }) => {
    const pair = deriveKeyAtPath(hexToBytes(seed), path);
    expect(bytesToHex(pair.secretKey)).toBe(secretKey);
    expect(bytesToHex(pair.publicKey)).toBe(publicKey);
  });

  test.each(roleKeyVectors)('$role $index at $path', ({ role, index, path, secretKey, publicKey }) => {
    expect(roleKeyPath(role, index)).toBe(path);
    const pair = deriveRoleKey(roleKeyPhrase, role, index);
    expect(bytesToHex(pair.secretKey)).toBe(secretKey);
    expect(bytesToHex(pair.publicKey)).toBe(publicKey);
  });

  test('the first role key, derived again by hand with another HMAC', () => {
    const vector = roleKeyVectors[0] as (typeof roleKeyVectors)[number];
    let node = createHmac('sha512', 'ed25519 seed').update(hexToBytes(plainSeedOfFirst)).digest();
    for (const step of vector.path.split('/').slice(1)) {
      const index = Buffer.alloc(4);
      index.writeUInt32BE(0x80000000 + Number.parseInt(step, 10));
      const data = Buffer.concat([Buffer.of(0), node.subarray(0, 32), index]);
      node = createHmac('sha512', node.subarray(32)).update(data).digest();
    }
    expect(node.subarray(0, 32).toString('hex')).toBe(vector.secretKey);
  });

  test('every role has its own vector and its own key', () => {
    const roles = new Set(roleKeyVectors.map(({ role }) => role));
    expect([...roles].sort()).toEqual(Object.keys(keyRoleNumbers).sort());
    expect(new Set(roleKeyVectors.map(({ publicKey }) => publicKey)).size).toBe(roleKeyVectors.length);
  });

  test.each(secretVectors)('secret "$label" is HKDF-SHA256 of the seed', ({ label, secret }) => {
    expect(bytesToHex(deriveSecret(roleKeyPhrase, label))).toBe(secret);
    const byNode = hkdfSync('sha256', hexToBytes(plainSeedOfFirst), 'cairn/secret/v1', label, 32);
    expect(Buffer.from(byNode).toString('hex')).toBe(secret);
  });

  test('nonsense indexes and labels are our own mistakes', () => {
    for (const index of [-1, 0.5, 2 ** 31, Number.NaN]) {
      expect(() => roleKeyPath('wallet', index)).toThrow(/from 0 to 2\^31 - 1/);
    }
    expect(() => deriveSecret(roleKeyPhrase, '')).toThrow(/label/);
  });
});
