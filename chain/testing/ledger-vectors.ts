import { hexToBytes } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { accountIdToAddress } from '../account/address.js';
import { encodeCoinbase } from '../block/coinbase.js';
import { encodeHeader } from '../block/header.js';
import { genesisBlock } from '../law/genesis.js';
import { createLaw, type Law } from '../law/law.js';
import { devnet, NETWORKS } from '../params/networks.js';
import type { KnownTransaction } from '../tx/transaction.js';
import { transactionSigningMessage } from '../tx/transaction-codec.js';
import { createMemoryChain } from './memory-chain.js';
import { powVectors } from './pow-vectors.js';
import { stateTreeVectors } from './state-tree-vectors.js';
import { createWallet, type Wallet } from './wallet.js';

/** Networks: every value of their parameters, and the genesis block. */
export function networkVectors(): unknown {
  return Object.values(NETWORKS).map((params) => {
    const genesis = genesisBlock(createLaw(params, nativeCrypto, []));
    return { ...params, genesisId: genesis.id, genesisBlock: genesis.bytes };
  });
}

/** Keys, their accounts and addresses on each network. */
export function addressVectors(): unknown {
  return ['alice', 'bob'].flatMap((label) =>
    Object.values(NETWORKS).map((params) => {
      const { secretKey, publicKey, account } = createWallet(nativeCrypto, params, label);
      const address = accountIdToAddress(params, account);
      return { label, network: params.name, secretKey, publicKey, account, address };
    }),
  );
}

/** One transaction with everything that leads to its id. */
export function transactionVector(law: Law, signer: Wallet, known: KnownTransaction): unknown {
  const { kind, lane, sequence, fee, body, signature } = known.transaction;
  return {
    network: law.params.name,
    kind,
    secretKey: signer.secretKey,
    sender: signer.publicKey,
    account: known.account,
    lane,
    sequence,
    fee,
    body,
    signingMessage: transactionSigningMessage(law, known.transaction),
    signature,
    bytes: known.bytes,
    id: known.id,
  };
}

/** One transaction of each of the chain's own kinds. */
export function transactionVectors(): unknown {
  const chain = createMemoryChain([], devnet);
  const alice = chain.wallet('alice');
  const bob = chain.wallet('bob');
  const memo = hexToBytes('68656c6c6f');
  const samples = [
    chain.sign(
      alice,
      'transfer',
      { to: bob.account, amount: 1_234_567_890_123n, memo },
      { lane: 7, sequence: 9n, fee: 1_000n },
    ),
    chain.sign(
      alice,
      'endpoint',
      {
        addresses: ['http://127.0.0.1:4000', 'http://bücher.example/'],
        owner: 'alice',
        region: 'north',
        ttlBlocks: 1_000,
      },
      { sequence: 0n, fee: 2n },
    ),
    chain.sign(
      alice,
      'anchor',
      { slot: 'stream', sequence: 1n, pointer: hexToBytes('00ff10') },
      { lane: 65_535, sequence: (1n << 63n) - 1n, fee: (1n << 63n) - 1n },
    ),
  ];
  return samples.map((known) => transactionVector(chain.law, alice, known));
}

/** The first two blocks after the devnet's genesis: one empty, one with a transfer from the faucet. */
export function blockVectors(): unknown {
  const chain = createMemoryChain([], devnet);
  chain.mineBlock();
  chain.mineBlock([chain.transfer(chain.faucet(), chain.wallet('alice').account, 5n, { fee: 3n })]);
  return [1, 2].map((height) => {
    const { block } = chain.at(height);
    return {
      network: devnet.name,
      height,
      header: block.header,
      headerBytes: encodeHeader(block.header),
      hash: block.hash,
      id: block.id,
      coinbase: block.coinbase,
      coinbaseBytes: encodeCoinbase(block.coinbase),
      transactionIds: block.transactions.map(({ id }) => id),
      bytes: block.bytes,
    };
  });
}

/** All vector files of this folder by name. */
export const LEDGER_VECTORS: Readonly<Record<string, () => unknown>> = {
  networks: networkVectors,
  addresses: addressVectors,
  transactions: transactionVectors,
  blocks: blockVectors,
  'state-tree': stateTreeVectors,
  pow: powVectors,
};
