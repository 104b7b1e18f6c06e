import { accountPot, potSpace } from '#chain';
import { contractSpace } from '#contracts';
import type { MemoryChain } from '../../../chain/testing/memory-chain.js';
import { type Book, chunkCount, droppedChunks, liveBytes } from './book.js';

/** Every pot of the ledger holds what the model says, and there is no other. */
export function comparePots({ state }: MemoryChain, book: Book): void {
  let count = 0;
  for (const [pot, amount] of state.entries(potSpace)) {
    count += 1;
    if (book.pots.get(pot) !== amount)
      throw new Error(
        `block ${book.height}: ${pot} holds ${amount}, the model says ${book.pots.get(pot) ?? 0n}`,
      );
  }
  if (count !== book.pots.size) {
    const left = [...book.pots.keys()].filter((pot) => state.get(potSpace, pot) === undefined);
    throw new Error(`block ${book.height}: the ledger lacks ${left.join(', ')}`);
  }
}

/** Every contract of the ledger is as the model says, and there is no other. */
export function compareContracts({ state }: MemoryChain, book: Book): void {
  let count = 0;
  for (const [id, real] of state.entries(contractSpace)) {
    count += 1;
    const model = book.contracts.get(id);
    if (model === undefined) throw new Error(`block ${book.height}: the model knows no ${id}`);
    const { leaves } = model;
    const figures: readonly (readonly [string, unknown, unknown])[] = [
      ['status', real.status, model.status],
      ['client', accountPot(real.client), model.client],
      ['provider', accountPot(real.provider), model.provider],
      ['payout', accountPot(real.payout), model.payout],
      ['registeredAt', real.registeredAt, model.registeredAt],
      ['epochs', real.epochs, model.epochs],
      ['endEpoch', real.endEpoch, model.end],
      ['nextEpoch', real.nextEpoch, model.next],
      ['tranche', real.tranche, model.tranche],
      ['begun.epoch', real.begun?.epoch, model.begun?.epoch],
      ['begun.tranche', real.begun?.tranche, model.begun?.tranche],
      ['window.epoch', real.window?.epoch, model.window?.epoch],
      ['window.at', real.window?.challengeHeight, model.window?.at],
      ['window.tranche', real.window?.tranche, model.window?.tranche],
      ['window.proven', real.window?.proven, model.window?.isProven],
      ['proven', real.proven, model.proven],
      ['missed', real.missed, model.missed],
      ['lastMissed', real.lastMissed, model.lastMissed],
      ['collateral', real.collateral, model.locked],
      ['burned', real.burned, model.burned],
      ['minted', real.minted, model.minted],
      ['readsPaid', real.readsPaid, model.readsPaid],
      ['leafCount', real.leafCount, leaves.length],
      ['totalBytes', real.totalBytes, liveBytes(leaves)],
      ['totalChunks', real.totalChunks, chunkCount(leaves)],
      ['droppedChunks', real.droppedChunks, droppedChunks(leaves)],
      ['revision', real.revision, model.revision],
      ['skip', real.skip, model.skip],
      ['drainedAt', real.drainedAt, model.drainedAt],
      ['settledAt', real.settledAt, model.settledAt],
      ['successor', real.successor, model.successor],
      ['lots', lotsText(real.lots), lotsText(model.lots)],
    ];
    for (const [name, is, expected] of figures)
      if (is !== expected)
        throw new Error(
          `block ${book.height}, ${id}: ${name} is ${String(is)}, the model says ${String(expected)}`,
        );
  }
  if (count !== book.contracts.size)
    throw new Error(`block ${book.height}: ${count} contracts, the model has ${book.contracts.size}`);
}

interface Lot {
  readonly burned: bigint;
  readonly minted: bigint;
  readonly firstEpoch: number;
  readonly endEpoch: number;
  readonly firstLeaf: number;
  readonly droppedBytes: bigint;
  readonly isProven: boolean;
}

function lotsText(lots: readonly Lot[]): string {
  return lots
    .map((lot) =>
      [
        lot.burned,
        lot.minted,
        lot.firstEpoch,
        lot.endEpoch,
        lot.firstLeaf,
        lot.droppedBytes,
        lot.isProven,
      ].join(':'),
    )
    .join(' ');
}
