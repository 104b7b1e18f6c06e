import { RecurringKeys } from '../codec/recurring-texts.js';
import { u63 } from '../codec/schema.js';
import type { AccountId, ContractId } from '../primitives/ids.js';
import { namespace } from './namespace.js';

/**
 * A place where coins are. Every coin is in exactly one pot, and every movement is double entry: from one pot to
 * another. Only `mint` (source) and `burn` (sink) hold nothing, and both are counted.
 */
export type Pot = string;

/** Balances in base units by pot; an empty pot has no entry. */
export const potSpace = namespace('pot', 1, u63);

export const MINT: Pot = 'mint';
export const BURN: Pot = 'burn';
/** Fees of the block being applied; empty between blocks. */
export const FEES: Pot = 'fees';
/** New coins for proofs in the block being applied; empty between blocks. */
export const PROOF_MINT: Pot = 'proof-mint';
/** The mint pool that every coinbase draws from. */
export const POOL: Pot = 'pool';

const accountPots = new RecurringKeys((account) => `account:${account}`);

/** Coins an account can spend. */
export const accountPot = (account: AccountId): Pot => accountPots.of(account);
/** A block's reward until it matures. */
export const rewardPot = (height: number): Pot => `reward:${height}`;
/** What the client locked for the epochs to come. */
export const escrowPot = (contract: ContractId): Pot => `escrow:${contract}`;
/** Earned but kept back until the end. */
export const vestingPot = (contract: ContractId): Pot => `vesting:${contract}`;
/** What the provider locked. */
export const collateralPot = (contract: ContractId): Pot => `collateral:${contract}`;
/** What the client set aside so that lost fragments are stored again without it. */
export const reservePot = (contract: ContractId): Pot => `reserve:${contract}`;
/** Promised to the new holder of a repaired contract at its first proof. */
export const bountyPot = (contract: ContractId): Pot => `bounty:${contract}`;
/** What the client locked for paid reads. */
export const readsPot = (contract: ContractId): Pot => `reads:${contract}`;

/** Which sort of pot a pot is, for audits and charts. */
export function potKind(pot: Pot): string {
  const colon = pot.indexOf(':');
  return colon < 0 ? pot : pot.slice(0, colon);
}
