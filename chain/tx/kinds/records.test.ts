import { beforeEach, describe, expect, test } from '@jest/globals';
import { createMemoryChain, type MemoryChain } from '../../testing/memory-chain.js';
import type { Wallet } from '../../testing/wallet.js';
import { type AnchorBody, anchorKey, anchorSpace } from './anchor.js';
import { type EndpointBody, endpointSpace } from './endpoint.js';

let chain: MemoryChain;
let alice: Wallet;

beforeEach(() => {
  chain = createMemoryChain();
  alice = chain.wallet('alice');
  chain.fund(1_000n, alice);
});

const usual: EndpointBody = {
  addresses: ['http://127.0.0.1:4000', 'http://[::1]:4000'],
  owner: 'alice',
  region: 'north',
  ttlBlocks: 10,
};

function refusalOf(kind: string, body: unknown): unknown {
  return chain.template([chain.sign(alice, kind, body)]).refusals[0]?.violation;
}

describe('endpoint', () => {
  test('the newest record wins and says when it expires', () => {
    chain.mineBlock([chain.sign(alice, 'endpoint', usual)]);
    chain.mineBlock([chain.sign(alice, 'endpoint', { ...usual, region: 'süd' }, { fee: 3n })]);
    const { ttlBlocks, ...rest } = usual;
    expect(chain.state.get(endpointSpace, alice.account)).toEqual({
      ...rest,
      region: 'süd',
      publicKey: alice.publicKey,
      registeredAt: chain.height,
      expiresAt: chain.height + ttlBlocks,
    });
    expect(chain.balance(alice)).toBe(997n);
  });

  test.each([
    ['endpoint/ttl', { ...usual, ttlBlocks: 0 }],
    ['endpoint/ttl', { ...usual, ttlBlocks: 1_000_001 }],
    ['endpoint/empty-address', { ...usual, addresses: ['http://a', ''] }],
  ])('%s', (rule, body) => {
    expect(refusalOf('endpoint', body)).toMatchObject({ rule });
  });

  test('the longest life and the most addresses are accepted', () => {
    const body = { ...usual, ttlBlocks: 1_000_000, addresses: new Array(8).fill('x'.repeat(200)) };
    expect(refusalOf('endpoint', body)).toBeUndefined();
  });
});

describe('anchor', () => {
  const body = (sequence: bigint, slot: AnchorBody['slot'] = 'catalogue'): AnchorBody => ({
    slot,
    sequence,
    pointer: Uint8Array.of(1, 2, Number(sequence)),
  });

  test('heads of each slot move by one', () => {
    chain.mineBlock([chain.sign(alice, 'anchor', body(1n))]);
    chain.mineBlock([chain.sign(alice, 'anchor', body(2n))]);
    chain.mineBlock([chain.sign(alice, 'anchor', body(1n, 'log'))]);
    expect(chain.state.get(anchorSpace, anchorKey(alice.account, 'catalogue'))).toEqual({
      sequence: 2n,
      pointer: Uint8Array.of(1, 2, 2),
      anchoredAt: chain.height - 1,
    });
    expect(chain.state.get(anchorSpace, anchorKey(alice.account, 'log'))?.sequence).toBe(1n);
  });

  test.each([0n, 1n, 3n])('anchor/sequence: a head cannot go back, stay or jump (%s after 1)', (sequence) => {
    chain.mineBlock([chain.sign(alice, 'anchor', body(1n))]);
    expect(refusalOf('anchor', body(sequence))).toEqual({
      rule: 'anchor/sequence',
      slot: 'catalogue',
      sequence,
      expected: 2n,
    });
  });
});
