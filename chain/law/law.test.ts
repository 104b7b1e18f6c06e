import { describe, expect, test } from '@jest/globals';
import { nobleCrypto } from '#crypto';
import { InvariantError } from '#errors';
import { u8 } from '../codec/schema.js';
import type { NetworkParams } from '../params/network-params.js';
import { devnet, NETWORKS } from '../params/networks.js';
import { namespace } from '../state/namespace.js';
import { transfer } from '../tx/kinds/transfer.js';
import type { TxKind } from '../tx/transaction.js';
import { createLaw } from './law.js';

const withContract = (contract: Partial<NetworkParams['contract']>): NetworkParams => ({
  ...devnet,
  contract: { ...devnet.contract, ...contract },
});

describe('a law as a value', () => {
  test.each(Object.values(NETWORKS))('$name has a sound one', (params) => {
    const law = createLaw(params, nobleCrypto, []);
    expect([...law.kindsByName.keys()]).toEqual(['transfer', 'endpoint', 'anchor']);
    expect(law.namespaces.size).toBe(5);
  });

  test('two kinds with one code, or two namespaces with one, are our own fault', () => {
    const twin = { ...transfer, name: 'twin' } as TxKind<string, unknown>;
    const kinds = { name: 'twin', kinds: [twin], namespaces: [] };
    const spaces = { name: 'twin', kinds: [], namespaces: [namespace('twin', 1, u8)] };
    expect(() => createLaw(devnet, nobleCrypto, [kinds])).toThrow(InvariantError);
    expect(() => createLaw(devnet, nobleCrypto, [spaces as never])).toThrow(InvariantError);
  });

  test.each([
    ['windows that overlap the next challenge', { windowBlocks: 20 }],
    ['windows that close before proofs are taken', { proofDelayBlocks: 9 }],
    ['a slash of which less than half is burned', { slashBurnBps: 4_999n }],
  ])('parameters with %s are refused', (_why, contract) => {
    expect(() => createLaw(withContract(contract), nobleCrypto, [])).toThrow(InvariantError);
  });
});
