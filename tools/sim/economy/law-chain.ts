import {
  type AccountId,
  type AppliedBlock,
  applyBlock,
  applyGenesis,
  type BlockId,
  bitsToTarget,
  buildTemplate,
  decodeBlock,
  decodeTransaction,
  EXTRANONCE_BYTES,
  encodeBlock,
  encodeCoinbase,
  encodeTransaction,
  genesisBlock,
  hashToNumber,
  headerHash,
  type KnownBlock,
  type KnownTransaction,
  type Law,
  MEDIAN_TIME_SPAN,
  MemoryState,
  medianTime,
  type Pot,
  potSpace,
  type Supplement,
  signTransaction,
  supplementDepth,
  verifyBlockSignatures,
} from '#chain';
import { u32le } from '#crypto';
import { assertInvariant, violationToText } from '#errors';
import type { Party } from './party.js';

/** Where a transaction stands in its sender's order, and what it pays. */
export interface SigningPlace {
  readonly lane: number;
  readonly sequence: bigint;
  readonly fee: bigint;
}

/**
 * A chain of the real law, in memory, as fast as the law itself: templates, blocks, signatures and proof of work are
 * the real ones. Left out is the state tree, which no rule about money reads: every block commits to 32 zero bytes.
 */
export class LawChain {
  readonly state = new MemoryState();
  height = 0;
  private tip: KnownBlock;
  private readonly recentIds = new Map<number, BlockId>();
  private times: number[] = [];
  private readonly stateRoot = new Uint8Array(32);

  constructor(readonly law: Law) {
    this.state.apply(applyGenesis(law).diff);
    this.tip = genesisBlock(law);
    this.remember(this.tip);
  }

  /**
   * A block on the tip with real work, from candidates that may be left out; not added yet. Another `attempt` is
   * another find at the same height: another id, hence other challenges.
   */
  draft(miner: AccountId, candidates: Iterable<KnownTransaction>, attempt = 0): KnownBlock {
    const template = buildTemplate(this.law, this.state, this.supplement(), candidates, miner);
    const extranonce = new Uint8Array(EXTRANONCE_BYTES);
    extranonce.set(u32le(attempt));
    const coinbase = encodeCoinbase({ ...template.coinbase, extranonce });
    const header = {
      version: template.version,
      previous: template.previous,
      merkleRoot: this.law.crypto.sha256d(coinbase),
      time: this.tip.header.time + this.law.params.proofOfWork.blockSeconds,
      bits: template.bits,
      nonce: 0,
    };
    const target = bitsToTarget(header.bits);
    assertInvariant(target.ok, `no target in bits ${header.bits}`);
    while (hashToNumber(headerHash(this.law.crypto, header)) > target.value) header.nonce += 1;
    const bytes = encodeBlock(
      header,
      coinbase,
      template.transactions.map((known) => known.bytes),
    );
    const block = decodeBlock(this.law, bytes);
    assertInvariant(block.ok, 'a drafted block decodes');
    return block.value;
  }

  /** Adds a block by the whole law, signatures and work included. */
  add(block: KnownBlock): AppliedBlock {
    const verified = verifyBlockSignatures(this.law, block);
    assertInvariant(verified.ok, `block ${block.id} carries a bad signature`);
    const applied = applyBlock(this.law, this.state, verified.value, this.supplement());
    assertInvariant(
      applied.ok,
      `block ${this.height + 1} was refused: ${applied.ok ? '' : violationToText(applied.violation)}`,
    );
    this.state.apply(applied.value.diff);
    this.height += 1;
    this.tip = block;
    this.remember(block);
    return applied.value;
  }

  /** A signed transaction as it would arrive. */
  sign(party: Party, kind: string, body: unknown, place: SigningPlace): KnownTransaction {
    const unsigned = { kind, sender: party.publicKey, body, ...place };
    const bytes = encodeTransaction(this.law, signTransaction(this.law, unsigned, party.secretKey));
    const known = decodeTransaction(this.law, bytes);
    assertInvariant(known.ok, `a signed ${kind} decodes`);
    return known.value;
  }

  /** Id of a recent block. */
  idAt(height: number): BlockId {
    const id = this.recentIds.get(height);
    assertInvariant(id !== undefined, `block ${height} is too old to be remembered`);
    return id;
  }

  /** Coins in a pot. */
  pot(pot: Pot): bigint {
    return this.state.get(potSpace, pot) ?? 0n;
  }

  private supplement(): Supplement {
    const { id, header } = this.tip;
    return {
      parent: { id, height: this.height, timeSeconds: header.time },
      medianTimeSeconds: medianTime(this.times),
      recentIds: this.recentIds,
      stateRoot: this.stateRoot,
    };
  }

  private remember(block: KnownBlock): void {
    this.recentIds.set(this.height, block.id);
    this.recentIds.delete(this.height - supplementDepth(this.law.params.contract.epochBlocks));
    this.times = [...this.times, block.header.time].slice(-MEDIAN_TIME_SPAN);
  }
}
