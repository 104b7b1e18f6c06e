import type { ContractView, PostingView } from '#wire';
import type { QuotePrice } from './quote.js';

/** What a contract really cost its client so far, made of postings. Base units. */
export interface Bill {
  readonly contract: string;
  readonly status: ContractView['status'];
  /** Account and address of the provider. */
  readonly provider: string;
  readonly address: string;
  /** Taken from the client: the price of storing, repair's reserve, paid reads, fire, fees. */
  readonly storage: bigint;
  readonly reserve: bigint;
  readonly reads: bigint;
  readonly burned: bigint;
  readonly fees: bigint;
  /** The sum of these. */
  readonly total: bigint;
  /** Out of it, to whoever stored, read back or repaired; kept back until the end is `held`. */
  readonly paid: bigint;
  readonly held: bigint;
  /** Back in the client's account. */
  readonly refunded: bigint;
  /** Of the provider's coins, to the client, because it broke its word. */
  readonly compensation: bigint;
  /** Gone on into the contract that continues this one (or to its repair's fee), and come from the one it continues. */
  readonly carriedOver: bigint;
  readonly carriedIn: bigint;
  /** Still in the contract's pots for its client: what is not earned returns. */
  readonly stillLocked: bigint;
}

/** A bill beside what was quoted: what was taken more (or, below nought, less) than was said. */
export interface BillDifference {
  readonly quoted: QuotePrice;
  readonly storage: bigint;
  readonly reserve: bigint;
  readonly reads: bigint;
  readonly burn: bigint;
  readonly fees: bigint;
  readonly total: bigint;
}

/** What a bill is made of. */
export interface BillSource {
  readonly contract: ContractView;
  readonly postings: readonly PostingView[];
  /** Fees of the client's transactions about it. */
  readonly fees: bigint;
}

/** Pots that hold the client's coins. */
const CLIENT_POTS = ['escrow', 'reserve', 'reads', 'bounty'] as const;
/** Reasons under which coins of a contract's pots are earned, whoever's account they reach. */
const EARNED = new Set(['tranche', 'vesting-paid', 'bounty', 'reads-paid']);

/** The bill of one contract: sums of postings, nothing else. */
export function billOf({ contract, postings, fees }: BillSource): Bill {
  const { id, client } = contract;
  const own = `account:${client}`;
  const sums = { escrow: 0n, reserve: 0n, reads: 0n, burned: 0n, paid: 0n, held: 0n, refunded: 0n };
  let compensation = 0n;
  let carriedIn = 0n;
  // What came into the contract's pots and what left them, as far as its own postings tell.
  let balance = 0n;
  for (const posting of postings) {
    const amount = BigInt(posting.amount);
    const from = potOf(posting.from, id);
    const to = potOf(posting.to, id);
    if (isClientPot(to)) balance += amount;
    if (isClientPot(from)) balance -= amount;
    if (to === 'vesting') sums.held += amount;
    if (from === 'vesting') sums.held -= amount;
    if (posting.from === own && posting.to === 'burn') sums.burned += amount;
    else if (posting.from === own && (to === 'escrow' || to === 'reserve' || to === 'reads'))
      sums[to] += amount;
    else if (EARNED.has(posting.reason)) sums.paid += amount;
    else if (posting.to === own && isClientPot(from)) sums.refunded += amount;
    else if (from === 'vesting' || (from === 'collateral' && (posting.to === own || isClientPot(to))))
      compensation += amount;
    else if (from === undefined && isClientPot(to)) carriedIn += amount;
  }
  const { escrow: storage, reserve, reads, burned, paid, held, refunded } = sums;
  const stillLocked = CLIENT_POTS.reduce((sum, pot) => sum + BigInt(contract[pot]), 0n);
  // What a replacement took along is told by the postings of the new contract: it is missing in the pots.
  const carriedOver = balance - stillLocked;
  const total = storage + reserve + reads + burned + fees;
  const { status, provider, providerAddress: address } = contract;
  return {
    contract: id,
    status,
    provider,
    address,
    storage,
    reserve,
    reads,
    burned,
    fees,
    total,
    paid,
    held,
    refunded,
    compensation,
    carriedIn,
    carriedOver,
    stillLocked,
  };
}

/** Several bills as one sum; the names of the parties are those of the first. */
export function addBills(first: Bill, ...others: readonly Bill[]): Bill {
  const sum: { -readonly [K in keyof Bill]: Bill[K] } = { ...first };
  for (const bill of others) for (const name of BILL_AMOUNTS) sum[name] += bill[name];
  return sum;
}

/** The names of a bill's amounts. */
export const BILL_AMOUNTS = [
  'storage',
  'reserve',
  'reads',
  'burned',
  'fees',
  'total',
  'paid',
  'held',
  'refunded',
  'compensation',
  'carriedOver',
  'carriedIn',
  'stillLocked',
] as const satisfies readonly (keyof Bill)[];

/** What was taken against what was quoted. */
export function compareToQuote(bill: Bill, quoted: QuotePrice): BillDifference {
  return {
    quoted,
    storage: bill.storage - quoted.storage,
    reserve: bill.reserve - quoted.reserve,
    reads: bill.reads - quoted.reads,
    burn: bill.burned - quoted.burn,
    fees: bill.fees - quoted.fees,
    total: bill.total - quoted.total,
  };
}

type OwnPot = (typeof CLIENT_POTS)[number] | 'vesting' | 'collateral';

/** Which of the contract's own pots a pot is. */
function potOf(pot: string, id: string): OwnPot | undefined {
  const [kind, of] = pot.split(':');
  return of === id ? (kind as OwnPot) : undefined;
}

function isClientPot(pot: OwnPot | undefined): boolean {
  return pot !== undefined && (CLIENT_POTS as readonly string[]).includes(pot);
}
