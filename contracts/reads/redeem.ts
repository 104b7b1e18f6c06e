import {
  accountPot,
  bytes,
  type ContractId,
  hexId,
  readsPot,
  struct,
  type TxKind,
  type TypeOf,
  u63,
} from '#chain';
import { equalBytes } from '#crypto';
import { contractSpace } from '../lifecycle/contract-object.js';
import { storeContract } from '../lifecycle/schedule.js';
import { emitContract } from '../lifecycle/settle.js';
import { voucherSigningMessage } from './voucher.js';

const bodySchema = struct({
  contract: hexId<ContractId>(32),
  /** The voucher's: for everything read so far, base units. */
  total: u63,
  /** The contract's ticket key, so that the signature can be checked without the state. */
  ticketKey: bytes(32),
  signature: bytes(64),
});

export type RedeemBody = TypeOf<typeof bodySchema>;

/** The provider cashes the newest read voucher: what it is above those before leaves what the client locked for reads. */
export const redeem: TxKind<'redeem', RedeemBody> = {
  name: 'redeem',
  code: 20,
  body: bodySchema,
  replay: 'unique',
  uniqueKey: ({ contract, total }) => `${contract}:${total}`,
  signatures: ({ contract, total, ticketKey, signature }, { crypto, params }) => [
    { publicKey: ticketKey, message: voucherSigningMessage(crypto, params, { contract, total }), signature },
  ],
  apply(view, { contract: id, total, ticketKey }, context) {
    const contract = view.get(contractSpace, id);
    if (contract === undefined) return { rule: 'redeem/no-contract', contract: id };
    if (contract.provider !== context.account) {
      return { rule: 'redeem/not-provider', contract: id, provider: contract.provider };
    }
    if (contract.status !== 'active') {
      return { rule: 'redeem/not-active', contract: id, status: contract.status };
    }
    if (!equalBytes(ticketKey, contract.ticketKey)) return { rule: 'redeem/key', contract: id };
    if (total <= contract.readsPaid) {
      return { rule: 'redeem/total', contract: id, total, paid: contract.readsPaid };
    }
    const amount = total - contract.readsPaid;
    const held = view.balance(readsPot(id));
    if (amount > held) return { rule: 'redeem/uncovered', contract: id, amount, held };
    view.mustMove(readsPot(id), accountPot(contract.payout), amount, 'reads-paid', id);
    storeContract(view, id, { ...contract, readsPaid: total });
    emitContract(view, 'contract/reads-paid', id, { amount, total, transaction: context.id });
    return undefined;
  },
};
