import type { NetworkParams } from '#chain';

/** A burn and what is left to mint of it; epochs and leaves count in the contract that has it. */
interface ShadowLot {
  /** To the miner, at its first proof. */
  readonly first: bigint;
  /** To the pool, at every later one. */
  readonly later: bigint;
  readonly burned: bigint;
  readonly fromEpoch: number;
  readonly toEpoch: number;
  readonly fromLeaf: number;
  readonly toLeaf: number;
  readonly bytes: bigint;
  lost: bigint;
  minted: bigint;
  hasProof: boolean;
}

/** What one burn was paid for. */
export interface ShadowBurn {
  readonly burned: bigint;
  readonly fromEpoch: number;
  readonly toEpoch: number;
  readonly fromLeaf: number;
  readonly toLeaf: number;
  readonly bytes: bigint;
}

/** The burn lots of one contract (docs/protocol/economy.md, section 3). */
export class ShadowLots {
  constructor(private lots: ShadowLot[] = []) {}

  open(mint: NetworkParams['mint'], burn: ShadowBurn): void {
    const first = (burn.burned * mint.inclusionBps) / 10_000n;
    const laterProofs = BigInt(burn.toEpoch - burn.fromEpoch - 1);
    const later = laterProofs > 0n ? (burn.burned - first) / laterProofs : 0n;
    this.lots.push({ ...burn, first, later, lost: 0n, minted: 0n, hasProof: false });
  }

  /** What the proof of an epoch mints; a lot that gave more than it burned is a complaint. */
  prove(
    epoch: number,
    complain: (text: string) => void,
  ): { readonly toMiner: bigint; readonly toPool: bigint } {
    const mint = { toMiner: 0n, toPool: 0n };
    for (const lot of this.lots) {
      if (epoch < lot.fromEpoch || epoch >= lot.toEpoch || lot.bytes === 0n) continue;
      const left = lot.bytes - lot.lost;
      const amount = ((lot.hasProof ? lot.later : lot.first) * left) / lot.bytes;
      if (lot.hasProof) mint.toPool += amount;
      else mint.toMiner += amount;
      lot.hasProof = true;
      lot.minted += amount;
      if (lot.minted > lot.burned) complain(`a lot that burned ${lot.burned} minted ${lot.minted}`);
    }
    return mint;
  }

  drop(leaf: number, lengthBytes: number): void {
    for (const lot of this.lots)
      if (leaf >= lot.fromLeaf && leaf < lot.toLeaf) lot.lost += BigInt(lengthBytes);
  }

  /** What is left for another contract whose epoch 0 is `epoch` here, for `term` epochs. */
  inherited(epoch: number, term: number): ShadowLots {
    const moved = this.lots.map((lot) => ({
      ...lot,
      fromEpoch: Math.max(lot.fromEpoch - epoch, 0),
      toEpoch: Math.min(lot.toEpoch - epoch, term),
    }));
    return new ShadowLots(moved.filter(({ fromEpoch, toEpoch }) => toEpoch > fromEpoch));
  }
}
