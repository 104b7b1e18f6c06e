import { describe, expect, test } from '@jest/globals';
import { bech32, bech32m } from '@scure/base';
import fc from 'fast-check';
import { bytesToHex, nobleCrypto } from '#crypto';
import type { NetworkParams } from '../params/network-params.js';
import { devnet, mainnet, NETWORKS, testnet } from '../params/networks.js';
import type { AccountId } from '../primitives/ids.js';
import { accountIdToAddress, addressToAccountId, parseAccount, publicKeyToAccountId } from './address.js';

const account = fc
  .uint8Array({ minLength: 20, maxLength: 20 })
  .map((bytes) => bytesToHex(bytes) as AccountId);

function ruleOf(params: NetworkParams, address: string): string {
  const result = addressToAccountId(params, address);
  return result.ok ? 'accepted' : result.violation.rule;
}

describe('addresses', () => {
  test('an account survives the way to its address and back, in either case, on every network', () => {
    fc.assert(
      fc.property(account, fc.constantFrom(...Object.values(NETWORKS)), (id, params) => {
        const address = accountIdToAddress(params, id);
        expect(address.startsWith(`${params.addressPrefix}1`)).toBe(true);
        expect(addressToAccountId(params, address)).toEqual({ ok: true, value: id });
        expect(addressToAccountId(params, address.toUpperCase())).toEqual({ ok: true, value: id });
        expect(parseAccount(params, address)).toEqual({ ok: true, value: id });
        expect(parseAccount(params, id)).toEqual({ ok: true, value: id });
      }),
    );
  });

  test('any one wrong character is noticed', () => {
    const charset = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
    fc.assert(
      fc.property(account, fc.nat(), fc.nat(31), (id, at, letter) => {
        const address = accountIdToAddress(mainnet, id);
        const start = mainnet.addressPrefix.length + 1;
        const position = start + (at % (address.length - start));
        const changed = address.slice(0, position) + charset[letter] + address.slice(position + 1);
        expect(ruleOf(mainnet, changed)).toBe(changed === address ? 'accepted' : 'address/malformed');
      }),
    );
  });

  test('an address of another network is refused by name', () => {
    const id = '11'.repeat(20) as AccountId;
    expect(ruleOf(mainnet, accountIdToAddress(testnet, id))).toBe('address/network');
    expect(ruleOf(devnet, accountIdToAddress(mainnet, id))).toBe('address/network');
  });

  test('another version or length of payload is refused', () => {
    const encode = (payload: number[]): string =>
      bech32m.encode(mainnet.addressPrefix, bech32m.toWords(Uint8Array.from(payload)));
    expect(ruleOf(mainnet, encode([0, ...new Array(20).fill(7)]))).toBe('accepted');
    expect(ruleOf(mainnet, encode([1, ...new Array(20).fill(7)]))).toBe('address/version');
    expect(ruleOf(mainnet, encode([0, ...new Array(19).fill(7)]))).toBe('address/version');
    expect(ruleOf(mainnet, encode([0, ...new Array(21).fill(7)]))).toBe('address/version');
  });

  test('the first generation of the checksum (BIP-173) is refused', () => {
    const words = bech32.toWords(new Uint8Array(21));
    expect(ruleOf(mainnet, bech32.encode(mainnet.addressPrefix, words))).toBe('address/malformed');
  });

  test.each([
    'A1LQFN3A',
    'a1lqfn3a',
    'an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6',
    'abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx',
    '11llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllludsr8',
    'split1checkupstagehandshakeupstreamerranterredcaperredlc445v',
    '?1v759aa',
  ])('BIP-350 valid string %s: the checksum holds, the network is another', (text) => {
    expect(ruleOf(mainnet, text)).toBe('address/network');
  });

  test.each([
    ['no separator', 'qyrz8wqd2c9m'],
    ['empty prefix', '1qyrz8wqd2c9m'],
    ['invalid data character', 'y1b0jsk6g'],
    ['invalid data character', 'lt1igcx5c0'],
    ['too short checksum', 'in1muywd'],
    ['invalid character in checksum', 'mm1crxm3i'],
    ['invalid character in checksum', 'au1s5cgom'],
    ['checksum calculated with upper-case prefix', 'M1VUXWEZ'],
    ['empty prefix', '16plkw9'],
    ['empty prefix', '1p2gdwpf'],
    ['mixed case', 'A1lqfn3a'],
    ['nothing', ''],
  ])('BIP-350 invalid string: %s (%s)', (_why, text) => {
    expect(ruleOf(mainnet, text)).toBe('address/malformed');
  });

  test('one key is another account on each network', () => {
    const key = nobleCrypto.publicKey(new Uint8Array(32));
    const ids = Object.values(NETWORKS).map((params) => publicKeyToAccountId(nobleCrypto, params, key));
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{40}$/);
  });

  test('hex of the wrong length or case is no account', () => {
    expect(parseAccount(mainnet, 'AB'.repeat(20)).ok).toBe(false);
    expect(parseAccount(mainnet, 'ab'.repeat(19)).ok).toBe(false);
  });
});
