import { describe, expect, test } from '@jest/globals';
import { bytesToHex, nobleCrypto } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { devnet, NETWORKS } from '../params/networks.js';
import { MemoryState } from '../state/memory-state.js';
import { accountPot, potSpace } from '../state/pots.js';
import { faucetWallet } from '../testing/wallet.js';
import { applyGenesis, genesisBlock } from './genesis.js';
import { createLaw } from './law.js';

describe('genesis', () => {
  test.each(Object.values(NETWORKS))('$name is one block, the same on either road', (params) => {
    const pure = genesisBlock(createLaw(params, nobleCrypto, []));
    const native = genesisBlock(createLaw(params, nativeCrypto, []));
    expect(native).toEqual(pure);
    expect(pure.header.time).toBe(params.genesis.timeSeconds);
    expect(pure.header.bits).toBe(params.proofOfWork.genesisBits);
    expect(pure.transactions).toEqual([]);
  });

  test('the networks differ in id, prefix and genesis block', () => {
    const all = Object.values(NETWORKS);
    expect(new Set(all.map(({ networkId }) => networkId)).size).toBe(3);
    expect(new Set(all.map(({ addressPrefix }) => addressPrefix)).size).toBe(3);
    expect(new Set(all.map((params) => genesisBlock(createLaw(params, nativeCrypto, [])).id)).size).toBe(3);
  });

  test('the devnet’s allocation belongs to the public faucet key, and to nobody else', () => {
    const law = createLaw(devnet, nativeCrypto, []);
    const faucet = faucetWallet(nativeCrypto, devnet);
    expect(bytesToHex(faucet.publicKey)).toBe(devnet.genesis.allocations[0]?.publicKey);
    const state = new MemoryState();
    state.apply(applyGenesis(law).diff);
    expect([...state.entries(potSpace)]).toEqual([
      [accountPot(faucet.account), devnet.genesis.allocations[0]?.amount],
    ]);
  });

  test('the public networks start with no coin at all', () => {
    for (const params of [NETWORKS.mainnet, NETWORKS.testnet])
      expect(applyGenesis(createLaw(params, nativeCrypto, [])).diff).toEqual([]);
  });
});
