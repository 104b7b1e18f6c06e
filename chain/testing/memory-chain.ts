import { nativeCrypto } from '#crypto-native';
import { accepted, assertInvariant, type Result, refused, violationToText } from '#errors';
import { type KnownBlock, verifyBlockSignatures } from '../block/block.js';
import { MEDIAN_TIME_SPAN, medianTime, type Supplement, supplementDepth } from '../block/supplement.js';
import { type AppliedBlock, applyBlock } from '../law/apply-block.js';
import { applyGenesis, genesisBlock } from '../law/genesis.js';
import { createLaw, type Law, type LawModule } from '../law/law.js';
import { type BlockTemplate, buildTemplate } from '../law/template.js';
import type { NetworkParams } from '../params/network-params.js';
import { devnet } from '../params/networks.js';
import type { AccountId, BlockId } from '../primitives/ids.js';
import type { LawEvent, PostingEvent } from '../state/events.js';
import { MemoryState } from '../state/memory-state.js';
import { accountPot, BURN, MINT, type Pot, potSpace } from '../state/pots.js';
import { StateTree } from '../state-tree/state-tree.js';
import { laneKey, laneSpace } from '../tx/lanes.js';
import type { KnownTransaction } from '../tx/transaction.js';
import { decodeTransaction, encodeTransaction, signTransaction } from '../tx/transaction-codec.js';
import { type BlockChanges, mineTemplate } from './mine-block.js';
import { snapshotState } from './state-snapshot.js';
import { createWallet, faucetWallet, type Wallet } from './wallet.js';

/** The devnet with a target that one hash in two meets: real proof of work, no waiting. */
export const fastDevnet: NetworkParams = {
  ...devnet,
  proofOfWork: { ...devnet.proofOfWork, genesisBits: 0x207f_ffff, limitBits: 0x207f_ffff },
};

/** What a test may choose about a transaction besides its kind and body. */
export interface SigningOptions {
  readonly fee?: bigint;
  readonly lane?: number;
  /** The lane's next number by default. */
  readonly sequence?: bigint;
}

interface Entry extends AppliedBlock {
  readonly block: KnownBlock;
  /** Made and destroyed up to this block, by its postings. */
  readonly minted: bigint;
  readonly burned: bigint;
}

function sumOf(events: readonly LawEvent[], isCounted: (posting: PostingEvent) => boolean): bigint {
  let sum = 0n;
  for (const event of events) if (event.type === 'posting' && isCounted(event)) sum += event.amount;
  return sum;
}

/** A chain of the rules alone: state, blocks and their undo data in memory, nothing else. */
export class MemoryChain {
  readonly state = new MemoryState();
  readonly stateTree: StateTree;
  readonly miner: Wallet;
  private readonly entries: Entry[] = [];

  constructor(readonly law: Law) {
    this.miner = this.wallet('miner');
    const genesis = applyGenesis(law);
    this.state.apply(genesis.diff);
    this.stateTree = StateTree.ofState(law, this.state);
    this.push(genesisBlock(law), genesis);
  }

  get height(): number {
    return this.entries.length - 1;
  }

  get tip(): Entry {
    return this.at(this.height);
  }

  at(height: number): Entry {
    const entry = this.entries[height];
    assertInvariant(entry !== undefined, `no block at height ${height}`);
    return entry;
  }

  wallet(label: string): Wallet {
    return createWallet(this.law.crypto, this.law.params, label);
  }

  faucet(): Wallet {
    return faucetWallet(this.law.crypto, this.law.params);
  }

  /** What the rules get to know of the ancestors of the next block. */
  supplement(): Supplement {
    const { params } = this.law;
    const recentIds = new Map<number, BlockId>();
    const depth = supplementDepth(params.contract.epochBlocks);
    for (let height = Math.max(0, this.height - depth + 1); height <= this.height; height++)
      recentIds.set(height, this.at(height).block.id);
    const { block } = this.tip;
    const times = this.entries.slice(-MEDIAN_TIME_SPAN).map((entry) => entry.block.header.time);
    return {
      parent: { id: block.id, height: this.height, timeSeconds: block.header.time },
      medianTimeSeconds: medianTime(times),
      recentIds,
      stateRoot: this.stateTree.root,
    };
  }

  template(
    candidates: Iterable<KnownTransaction> = [],
    miner: AccountId = this.miner.account,
  ): BlockTemplate {
    return buildTemplate(this.law, this.state, this.supplement(), candidates, miner);
  }

  /** A mined block on the tip from candidates that may be left out; not added yet. */
  draft(candidates: Iterable<KnownTransaction> = [], changes: BlockChanges = {}): KnownBlock {
    const time = this.tip.block.header.time + this.law.params.proofOfWork.blockSeconds;
    const block = mineTemplate(this.law, this.template(candidates), time, changes);
    if (!block.ok) throw new Error(`the draft does not decode: ${violationToText(block.violation)}`);
    return block.value;
  }

  /** Adds a block by the whole law, signatures included; a refused one changes nothing. */
  add(block: KnownBlock): Result<AppliedBlock> {
    const verified = verifyBlockSignatures(this.law, block);
    if (!verified.ok) return refused(verified.violation);
    const applied = applyBlock(this.law, this.state, verified.value, this.supplement());
    if (!applied.ok) return applied;
    this.state.apply(applied.value.diff);
    this.stateTree.apply(applied.value.diff);
    this.push(block, applied.value);
    return accepted(applied.value);
  }

  /** Mines one block; every transaction must be in it. */
  mineBlock(transactions: readonly KnownTransaction[] = []): AppliedBlock {
    const block = this.draft(transactions);
    if (block.transactions.length !== transactions.length) {
      const refusals = this.template(transactions).refusals.map(({ violation }) =>
        violationToText(violation),
      );
      throw new Error(`left out of the block: ${refusals.join('; ')}`);
    }
    const added = this.add(block);
    if (!added.ok) throw new Error(`own block refused: ${violationToText(added.violation)}`);
    return added.value;
  }

  /** Mines empty blocks up to a height. */
  mineTo(height: number): void {
    while (this.height < height) this.mineBlock();
  }

  /** Takes the last block back and returns it. */
  revertTip(): KnownBlock {
    assertInvariant(this.height > 0, 'the genesis block stays');
    const entry = this.entries.pop() as Entry;
    this.state.revert(entry.diff);
    this.stateTree.revert(entry.diff);
    return entry.block;
  }

  /** A signed transaction as it would arrive. */
  sign(wallet: Wallet, kind: string, body: unknown, options: SigningOptions = {}): KnownTransaction {
    const lane = options.lane ?? 0;
    const sequence = options.sequence ?? this.nextSequence(wallet, lane);
    const unsigned = { kind, sender: wallet.publicKey, lane, sequence, fee: options.fee ?? 0n, body };
    const bytes = encodeTransaction(this.law, signTransaction(this.law, unsigned, wallet.secretKey));
    const known = decodeTransaction(this.law, bytes);
    if (!known.ok) throw new Error(`not decodable: ${violationToText(known.violation)}`);
    return known.value;
  }

  nextSequence(wallet: Wallet, lane = 0): bigint {
    return this.state.get(laneSpace, laneKey(wallet.account, lane)) ?? 0n;
  }

  /** A signed transfer. */
  transfer(from: Wallet, to: AccountId, amount: bigint, options: SigningOptions = {}): KnownTransaction {
    return this.sign(from, 'transfer', { to, amount, memo: new Uint8Array(0) }, options);
  }

  /** Gives wallets coins from the faucet, in one block. */
  fund(amount: bigint, ...wallets: readonly Wallet[]): void {
    const first = this.nextSequence(this.faucet());
    this.mineBlock(
      wallets.map(({ account }, index) =>
        this.transfer(this.faucet(), account, amount, { sequence: first + BigInt(index) }),
      ),
    );
  }

  pot(pot: Pot): bigint {
    return this.state.get(potSpace, pot) ?? 0n;
  }

  balance(wallet: Wallet): bigint {
    return this.pot(accountPot(wallet.account));
  }

  /** Every object of the state in its canonical bytes, for exact comparison. */
  snapshot(): ReadonlyMap<string, string> {
    return snapshotState(this.law, this.state);
  }

  /** Coins ever made and destroyed, from the postings alone, and the sum of all pots, from the state alone. */
  audit(): { readonly minted: bigint; readonly burned: bigint; readonly held: bigint } {
    const { minted, burned } = this.tip;
    let held = 0n;
    for (const [, amount] of this.state.entries(potSpace)) held += amount;
    return { minted, burned, held };
  }

  private push(block: KnownBlock, applied: AppliedBlock): void {
    const before = this.entries.at(-1);
    this.entries.push({
      block,
      ...applied,
      minted: (before?.minted ?? 0n) + sumOf(applied.events, ({ from }) => from === MINT),
      burned: (before?.burned ?? 0n) + sumOf(applied.events, ({ to }) => to === BURN),
    });
  }
}

/** A chain on the easy devnet with the given modules beside the core. */
export function createMemoryChain(
  modules: readonly LawModule[] = [],
  params: NetworkParams = fastDevnet,
): MemoryChain {
  return new MemoryChain(createLaw(params, nativeCrypto, modules));
}
