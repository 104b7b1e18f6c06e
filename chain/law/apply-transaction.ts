import { assertInvariant, type Violation } from '#errors';
import { accountPot, FEES } from '../state/pots.js';
import type { BlockView } from '../state/view.js';
import { consumeSequence } from '../tx/lanes.js';
import type { KnownTransaction } from '../tx/transaction.js';
import type { Law } from './law.js';

/**
 * Applies one transaction whose signatures were already checked. All or nothing: a returned violation leaves the view
 * as it was. The fee is taken after the effects, so that a proof can pay its fee out of what it earns.
 */
export function applyTransaction(law: Law, view: BlockView, known: KnownTransaction): Violation | undefined {
  const { transaction, account, id } = known;
  const kind = law.kindsByName.get(transaction.kind);
  assertInvariant(kind !== undefined, `decoded a transaction of unknown kind ${transaction.kind}`);
  const context = { id, account, sender: transaction.sender, fee: transaction.fee };
  return view.attempt(() => {
    const stateless = kind.validate?.(transaction.body, context, view);
    if (stateless !== undefined) return stateless;
    if (kind.replay === 'sequence') {
      const replayed = consumeSequence(view, account, transaction);
      if (replayed !== undefined) return replayed;
    }
    const violation = kind.apply(view, transaction.body, context);
    if (violation !== undefined) return violation;
    const payer = kind.feePot?.(view, transaction.body, context) ?? accountPot(account);
    return view.move(payer, FEES, transaction.fee, 'fee', id);
  });
}
