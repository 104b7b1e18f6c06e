import { hexId, struct, type TypeOf, u63, varBytes } from '../../codec/schema.js';
import type { AccountId } from '../../primitives/ids.js';
import { accountPot } from '../../state/pots.js';
import type { TxKind } from '../transaction.js';

const bodySchema = struct({
  to: hexId<AccountId>(20),
  amount: u63,
  /** Free text or bytes for the receiver; anyone can read it. */
  memo: varBytes(64),
});

export type TransferBody = TypeOf<typeof bodySchema>;

/** Coins from one account to another. */
export const transfer: TxKind<'transfer', TransferBody> = {
  name: 'transfer',
  code: 1,
  body: bodySchema,
  replay: 'sequence',
  validate(body, context) {
    if (body.amount === 0n) return { rule: 'transfer/zero' };
    if (body.to === context.account) return { rule: 'transfer/to-self', account: body.to };
    return undefined;
  },
  apply: (view, body, context) =>
    view.move(accountPot(context.account), accountPot(body.to), body.amount, 'transfer', context.id),
};
