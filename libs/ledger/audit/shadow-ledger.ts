import { type Coinbase, type KnownBlock, type Law, publicKeyToAccountId, type TransferBody } from '#chain';
import { hexToBytes } from '#crypto';
import { ShadowCoins } from './shadow-coins.js';
import { ShadowContracts, type ShadowTransaction } from './shadow-contracts.js';

/**
 * A second bookkeeping of every coin, from nothing but the network's parameters and the blocks. It reads no state, no
 * undo data and no event of the first, and a coinbase's figures only to hold them against its own.
 */
export class ShadowLedger {
  readonly coins = new ShadowCoins(() => `block ${this.height}`);
  genesis = 0n;
  /** Of the last block replayed, -1 before the first. */
  height = -1;
  private readonly contracts: ShadowContracts;
  private readonly miners = new Map<number, string>();

  constructor(private readonly law: Law) {
    this.contracts = new ShadowContracts(law.params, law.crypto, this.coins);
  }

  /** Base units per GiB and epoch that the next block burns for what it registers. */
  get burnPerGiBEpoch(): bigint {
    return this.contracts.burnPerGiBEpoch;
  }

  /** Adds the next block. */
  replay(block: KnownBlock): void {
    this.height += 1;
    if (this.height === 0) {
      this.allocate();
      this.contracts.closeGenesis();
      return;
    }
    const figures = this.openReward();
    for (const known of block.transactions) {
      const { kind, body, fee } = known.transaction;
      const payer = this.transact({ kind, body, sender: known.account, fee });
      this.coins.pay(payer ?? `account:${known.account}`, 'fees', fee);
    }
    const fees = this.coins.balance('fees');
    const proofMint = this.coins.balance('proof-mint');
    this.compareCoinbase(block.coinbase, { ...figures, fees, proofMint });
    this.closeReward(block.coinbase.miner);
    this.contracts.closeBlock(this.height);
  }

  private allocate(): void {
    const { params, crypto } = this.law;
    for (const { publicKey, amount } of params.genesis.allocations) {
      const owner = publicKeyToAccountId(crypto, params, hexToBytes(publicKey));
      this.coins.mint(`account:${owner}`, amount);
      this.genesis += amount;
    }
    // Genesis coins are counted on their own, not as minted.
    this.coins.minted = 0n;
  }

  private openReward(): { subsidy: bigint; poolDraw: bigint } {
    const { initialSubsidy, halvingBlocks, poolDrawDivisor } = this.law.params.reward;
    let subsidy = initialSubsidy;
    for (let past = halvingBlocks; past <= this.height && subsidy > 0n; past += halvingBlocks) subsidy /= 2n;
    const poolDraw = this.coins.balance('pool') / poolDrawDivisor;
    this.coins.mint(this.rewardPot, subsidy);
    this.coins.pay('pool', this.rewardPot, poolDraw);
    return { subsidy, poolDraw };
  }

  private closeReward(miner: string): void {
    this.coins.empty('fees', this.rewardPot);
    this.coins.empty('proof-mint', this.rewardPot);
    this.miners.set(this.height, miner);
    const mature = this.height - this.law.params.reward.maturityBlocks;
    const paid = this.miners.get(mature);
    if (paid === undefined) return;
    this.coins.empty(`reward:${mature}`, `account:${paid}`);
    this.miners.delete(mature);
  }

  /** Moves what a transaction moves; answers whose pot pays the fee where it is not the sender's. */
  private transact(transaction: ShadowTransaction): string | undefined {
    const { kind, body, sender } = transaction;
    if (kind === 'transfer') {
      const { to, amount } = body as TransferBody;
      this.coins.pay(`account:${sender}`, `account:${to}`, amount);
      return undefined;
    }
    if (kind === 'endpoint' || kind === 'anchor') return undefined;
    const payer = this.contracts.transact(this.height, transaction);
    if (payer !== false) return payer;
    this.coins.complain(`the audit knows no kind '${kind}'`);
    return undefined;
  }

  private compareCoinbase(
    coinbase: Coinbase,
    own: Pick<Coinbase, 'subsidy' | 'fees' | 'proofMint' | 'poolDraw'>,
  ): void {
    for (const name of ['subsidy', 'fees', 'proofMint', 'poolDraw'] as const) {
      if (coinbase[name] === own[name]) continue;
      this.coins.complain(`the coinbase states ${name} ${coinbase[name]}, the audit counts ${own[name]}`);
    }
  }

  private get rewardPot(): string {
    return `reward:${this.height}`;
  }
}
