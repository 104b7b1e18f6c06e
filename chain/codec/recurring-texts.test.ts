import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bytesToHex, nobleCrypto, taggedHash } from '#crypto';
import { publicKeyToAccountId } from '../account/address.js';
import { devnet, testnet } from '../params/networks.js';
import { RecurringKeys, RecurringTexts } from './recurring-texts.js';

/** Few first bytes, so that most keys want the place of another. */
const crowded = (length: number) =>
  fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 3 }), fc.nat({ max: length - 1 })).map(([first, value, at]) => {
    const key = new Uint8Array(length).fill(7);
    key[0] = first;
    key[at] = value;
    return key;
  });

describe('texts that recur', () => {
  test('are those of exactly the bytes that were kept, wherever these stand', () => {
    fc.assert(
      fc.property(fc.array(crowded(20), { maxLength: 60 }), fc.nat({ max: 5 }), (keys, offset) => {
        const texts = new RecurringTexts(20);
        for (const key of keys) {
          const source = new Uint8Array(offset + 25);
          source.set(key, offset);
          const found = texts.find(source, offset);
          expect(found ?? bytesToHex(key)).toBe(bytesToHex(key));
          if (found === undefined) texts.keep(source, offset, bytesToHex(key));
          expect(texts.find(source, offset)).toBe(bytesToHex(key));
          // What was kept is a copy.
          source.fill(0);
        }
      }),
    );
  });

  test('make the same keys as if each was made anew', () => {
    const ids = fc.stringMatching(/^[01]{4}[0-9a-f]{0,3}$/);
    fc.assert(
      fc.property(fc.array(fc.oneof(ids, fc.string({ maxLength: 6 })), { maxLength: 60 }), (list) => {
        const keys = new RecurringKeys((id) => `pot:${id}`);
        for (const id of list) expect(keys.of(id)).toBe(`pot:${id}`);
      }),
    );
  });

  test('give each key the account of its own network, also by turns', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(crowded(32), fc.boolean()), { maxLength: 30 }), (keys) => {
        for (const [key, isTestnet] of keys) {
          const params = isTestnet ? testnet : devnet;
          const hash = taggedHash(nobleCrypto, 'cairn/account', params.networkId, key);
          expect(publicKeyToAccountId(nobleCrypto, params, key)).toBe(bytesToHex(hash.subarray(0, 20)));
        }
      }),
    );
  });
});
