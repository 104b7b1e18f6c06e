import {
  applyTransaction,
  type BlockView,
  BURN,
  decodeTransaction,
  encodeDiff,
  encodeTransaction,
  type KnownTransaction,
  MINT,
  openBlockView,
  potSpace,
} from '#chain';
import type { MemoryChain } from '../../../chain/testing/memory-chain.js';
import { decoderTarget, FindingError, type FuzzTarget } from '../fuzz-target.js';

/** A kind of transaction on the state of a chain: its decoder, its rules, and what it does to coins where it is taken. */
export function transactionTarget(chain: MemoryChain, samples: readonly KnownTransaction[]): FuzzTarget {
  const { law } = chain;
  const supplement = chain.supplement();
  const [first] = samples;
  return decoderTarget({
    name: `transaction-${first?.transaction.kind}`,
    samples: () => samples.map(({ bytes }) => bytes),
    decode: (input) => decodeTransaction(law, input),
    encode: (value) => encodeTransaction(law, value.transaction),
    // Signatures are skipped on purpose: the rules must stand on their own.
    use: (value) => {
      const view = openBlockView(law, chain.state, supplement);
      const violation = applyTransaction(law, view, value);
      if (violation === undefined) checkEffects(view);
      else if (view.diff().length > 0 || view.events.length > 0)
        throw new FindingError(`a transaction refused by ${violation.rule} left a trace`);
      return violation?.rule ?? 'accepted';
    },
  });
}

/** Every object written has a canonical form, and coins come from the mint and go to the fire alone. */
function checkEffects(view: BlockView): void {
  const diff = view.diff();
  encodeDiff(diff);
  let change = 0n;
  for (const { space, before, after } of diff) {
    if (space.code !== potSpace.code) continue;
    change += ((after as bigint | undefined) ?? 0n) - ((before as bigint | undefined) ?? 0n);
  }
  for (const event of view.events) {
    if (event.type !== 'posting') continue;
    if (event.amount <= 0n) throw new FindingError(`${event.amount} coins were moved for ${event.reason}`);
    if (event.from === MINT) change -= event.amount;
    if (event.to === BURN) change += event.amount;
  }
  if (change !== 0n) throw new FindingError(`${change} coins were created`);
}
