import { hexToBytes } from '#crypto';
import { assertInvariant } from '#errors';
import { publicKeyToAccountId } from '../account/address.js';
import { decodeBlock, encodeBlock, type KnownBlock, transactionRoot } from '../block/block.js';
import { COINBASE_VERSION, EXTRANONCE_BYTES, encodeCoinbase } from '../block/coinbase.js';
import { BLOCK_VERSION } from '../block/header.js';
import { utf8Encode } from '../codec/bytes.js';
import type { AccountId } from '../primitives/ids.js';
import { MemoryState } from '../state/memory-state.js';
import { accountPot, MINT } from '../state/pots.js';
import { BlockView } from '../state/view.js';
import type { AppliedBlock } from './apply-block.js';
import type { Law } from './law.js';

/** The block every node of a network starts from; it needs no work, its id is part of the network's identity. */
export function genesisBlock(law: Law): KnownBlock {
  const coinbase = encodeCoinbase({
    version: COINBASE_VERSION,
    height: 0,
    transactionRoot: transactionRoot(law, []),
    stateRoot: new Uint8Array(32),
    miner: '00'.repeat(20) as AccountId,
    subsidy: 0n,
    fees: 0n,
    proofMint: 0n,
    poolDraw: 0n,
    extranonce: new Uint8Array(EXTRANONCE_BYTES),
    extra: utf8Encode(`cairn ${law.params.name} ${law.params.protocolVersion}`),
  });
  const header = {
    version: BLOCK_VERSION,
    previous: new Uint8Array(32),
    merkleRoot: law.crypto.sha256d(coinbase),
    time: law.params.genesis.timeSeconds,
    bits: law.params.proofOfWork.genesisBits,
    nonce: 0,
  };
  const block = decodeBlock(law, encodeBlock(header, coinbase, []));
  assertInvariant(block.ok, 'the genesis block must decode');
  return block.value;
}

/** What the genesis block does to the empty state: the network's allocations. */
export function applyGenesis(law: Law): AppliedBlock {
  const view = new BlockView(new MemoryState(), {
    params: law.params,
    crypto: law.crypto,
    height: 0,
    blockIdAt: () => undefined,
  });
  for (const { publicKey, amount } of law.params.genesis.allocations) {
    const account = publicKeyToAccountId(law.crypto, law.params, hexToBytes(publicKey));
    view.mustMove(MINT, accountPot(account), amount, 'genesis', account);
  }
  return { diff: view.diff(), events: view.events };
}
