/** Everything that makes one network differ from another, as one literal value. Heights and spans are in blocks. */
export interface NetworkParams {
  readonly name: 'mainnet' | 'testnet' | 'devnet';
  /** Mixed into every tagged hash and signature, so that nothing replays on another network. */
  readonly networkId: number;
  /** Human-readable part of bech32m addresses. */
  readonly addressPrefix: string;
  /** Rises whenever data written by an older version no longer reads; a data folder carries it. */
  readonly protocolVersion: number;

  readonly genesis: {
    /** Seconds since 1970. */
    readonly timeSeconds: number;
    /** Ed25519 public keys (hex) and base units. */
    readonly allocations: readonly { readonly publicKey: string; readonly amount: bigint }[];
  };

  readonly proofOfWork: {
    readonly genesisBits: number;
    /** The easiest target allowed, compact form. */
    readonly limitBits: number;
    readonly blockSeconds: number;
    /** `constant`: devnet, every block has genesisBits. `asert`: aserti3-2d. */
    readonly adjustment: 'constant' | 'asert';
    readonly halfLifeSeconds: number;
  };

  readonly limits: {
    readonly maxBlockBytes: number;
    readonly maxTransactionBytes: number;
    /** Share of maxBlockBytes that only proofs may fill, in 1/10000. */
    readonly proofReserveBps: number;
  };

  readonly reward: {
    /** Base units paid to the miner of each block before the first halving. */
    readonly initialSubsidy: bigint;
    readonly halvingBlocks: number;
    readonly maturityBlocks: number;
    /** Every coinbase draws floor(pool / this). */
    readonly poolDrawDivisor: bigint;
  };

  readonly contract: {
    /** L: length of an epoch. */
    readonly epochBlocks: number;
    /** W: a proof is accepted up to challenge height + W. */
    readonly windowBlocks: number;
    /** A proof is accepted from challenge height + this, when the challenge block is buried. */
    readonly proofDelayBlocks: number;
    /** The first epoch starts this many blocks after registration. */
    readonly startDelayBlocks: number;
    /** Chunks drawn at each challenge. */
    readonly challenges: number;
    /** S: misses that fail a contract. */
    readonly strikes: number;
    /** Share of each tranche kept back until the end, in 1/10000. */
    readonly vestingBps: bigint;
    /** Collateral must be at least this share of the whole price, in 1/10000. */
    readonly minCollateralBps: bigint;
    /** Share of the remaining collateral slashed at a miss, in 1/10000. */
    readonly missSlashBps: bigint;
    /** Share of what is slashed that is burned, at least 5000 of 10000; the rest goes to the client. */
    readonly slashBurnBps: bigint;
    /** Blocks between the end of the last window and settlement. */
    readonly settleDelayBlocks: number;
    readonly minEpochs: number;
    readonly maxEpochs: number;
    readonly maxLeaves: number;
    /** Contracts of one list of the schedule (64 a height) that may be challenged at the same heights. */
    readonly maxSlotContracts: number;
    /** Revisions that may be published for a contract in one epoch. */
    readonly revisionsPerEpoch: number;
    /** The reserve of a failed contract waits this long for a replacement, then it returns to the client. */
    readonly repairBlocks: number;
    /** Share of a replacement's price promised to the new holder at its first proof, in 1/10000. */
    readonly bountyBps: bigint;
  };

  readonly mint: {
    /** Base units burned per GiB and epoch stored: where the burn price starts, and its floor. */
    readonly burnPerGiBEpoch: bigint;
    /** The burn price moves once in this many blocks (a day), by at most an eighth. */
    readonly burnPeriodBlocks: number;
    /** Median of MiB-epochs registered in a block at which the burn price stays. */
    readonly burnTargetMiBEpochs: bigint;
    /** Share of a burn lot minted to the miner who includes its first proof, in 1/10000. */
    readonly inclusionBps: bigint;
  };

  /**
   * What must differ between the holders of one segment's fragments: the provider, or every subnet (/24, /64) and the
   * declared owner.
   */
  readonly failureDomain: 'provider' | 'subnet-owner';
}
