import { BURN, type ContractId, MINT } from '#chain';
import { contractSpace } from '../lifecycle/contract-object.js';
import type { BurnLot } from '../money/lot.js';
import { type BlockFacts, broken, type ContractChange, sumOf } from './block-facts.js';

/** No lot mints above its burn, every lot was burned for, and nothing is minted but from lots. */
export function checkLots(facts: BlockFacts): void {
  let counted = 0n;
  for (const change of facts.contracts) counted += checkLotsOf(facts, change);
  let posted = 0n;
  for (const { from, amount, reason } of facts.postings)
    if (from === MINT && reason.startsWith('mint')) posted += amount;
  if (posted !== counted)
    broken(facts, 'mint', 'minted other than the lots of contracts count', { posted, counted });
}

/** The parts of a lot that never change. */
function fixedPart({ burned, inclusion, perEpoch, firstLeaf, leafCount, bytes }: BurnLot): string {
  return [burned, inclusion, perEpoch, firstLeaf, leafCount, bytes].join(':');
}

function keyOf(lot: BurnLot): string {
  return `${fixedPart(lot)}:${lot.firstEpoch}:${lot.endEpoch}`;
}

function checkLotsOf(facts: BlockFacts, { id, before, after }: ContractChange): bigint {
  const known = new Map((before?.lots ?? []).map((lot) => [keyOf(lot), lot]));
  let minted = 0n;
  let opened = 0n;
  for (const lot of after.lots) {
    const { burned, bytes, droppedBytes } = lot;
    if (lot.minted > burned || droppedBytes > bytes)
      broken(facts, id, 'a lot above its burn', { minted: lot.minted, burned, bytes, droppedBytes });
    const old = known.get(keyOf(lot));
    if (old !== undefined) {
      if (lot.minted < old.minted || lot.droppedBytes < old.droppedBytes || (old.isProven && !lot.isProven))
        broken(facts, id, 'a lot was turned back', { before: old.minted, after: lot.minted });
      minted += lot.minted - old.minted;
    } else if (!isInherited(facts, id, lot)) {
      if (lot.minted !== 0n) broken(facts, id, 'a lot that begins minted', { minted: lot.minted, burned });
      opened += burned;
    }
  }
  if (after.lots.length < (before?.lots.length ?? 0) && after.nextEpoch === before?.nextEpoch)
    broken(facts, id, 'a lot was forgotten between challenges', { lots: after.lots.length });
  const burnedNow = sumOf(
    facts,
    id,
    ({ to, reason, subject }) => to === BURN && reason === 'burn' && subject === id,
  );
  if (opened > burnedNow) broken(facts, id, 'lots of more than was burned', { opened, burned: burnedNow });
  if (burnedNow !== after.burned - (before?.burned ?? 0n))
    broken(facts, id, 'burned and counted differ', { burned: burnedNow, counted: after.burned });
  const posted = sumOf(facts, id, ({ from, subject }) => from === MINT && subject === id);
  const counted = after.minted - (before?.minted ?? 0n);
  if (posted !== minted || posted !== counted)
    broken(facts, id, 'minted, counted and taken from lots differ', { posted, counted, fromLots: minted });
  return counted;
}

/** Whether a new contract has this lot from the one it replaces: minted as far, for no more epochs and no more bytes. */
function isInherited({ view }: BlockFacts, id: ContractId, lot: BurnLot): boolean {
  const origin = view.get(contractSpace, id)?.origin;
  if (origin?.kind !== 'replacement') return false;
  const from = view.get(contractSpace, origin.contract);
  if (from?.successor !== id) return false;
  return from.lots.some(
    (old) =>
      fixedPart(old) === fixedPart(lot) &&
      old.minted === lot.minted &&
      old.droppedBytes <= lot.droppedBytes &&
      old.isProven === lot.isProven &&
      lot.endEpoch - lot.firstEpoch <= old.endEpoch - Math.max(old.firstEpoch, from.nextEpoch),
  );
}
