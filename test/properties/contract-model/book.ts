/** A fragment as a list of the model holds it. */
export interface ModelLeaf {
  readonly id: string;
  readonly lengthBytes: number;
  isDropped: boolean;
}

export interface ModelLot {
  burned: bigint;
  minted: bigint;
  inclusion: bigint;
  perEpoch: bigint;
  firstEpoch: number;
  endEpoch: number;
  firstLeaf: number;
  leafCount: number;
  bytes: bigint;
  droppedBytes: bigint;
  isProven: boolean;
}

export interface ModelWindow {
  epoch: number;
  at: number;
  /** The list as it was, in one text. */
  list: string;
  tranche: bigint;
  isProven: boolean;
}

export interface ModelRepair {
  readonly repairer: string;
  readonly maxBase: bigint;
  readonly maxPrice: bigint;
}

/** A contract as the model knows it; its coins are in the book's pots. */
export interface ModelContract {
  readonly id: string;
  /** Names of actors. */
  readonly client: string;
  readonly provider: string;
  readonly payout: string;
  readonly ticketKey: string;
  readonly registeredAt: number;
  readonly slot: number;
  readonly base: bigint;
  readonly price: bigint;
  readonly readPrice: bigint;
  readonly freeReads: bigint;
  readonly repair: ModelRepair | undefined;
  status: string;
  epochs: number;
  end: number;
  next: number;
  tranche: bigint;
  begun: { epoch: number; tranche: bigint } | undefined;
  leaves: ModelLeaf[];
  lots: ModelLot[];
  window: ModelWindow | undefined;
  proven: number;
  missed: number;
  lastMissed: number | undefined;
  locked: bigint;
  burned: bigint;
  minted: bigint;
  readsPaid: bigint;
  revision: number;
  revised: { begun: number; count: number } | undefined;
  skip: number | undefined;
  drainedAt: number | undefined;
  failedAt: number | undefined;
  settledAt: number | undefined;
  successor: string | undefined;
  isReplacement: boolean;
}

export interface ModelOffer {
  number: bigint;
  base: bigint;
  price: bigint;
  readPrice: bigint;
  freeReads: bigint;
  minEpochs: number;
  maxEpochs: number;
  capacity: bigint;
  payout: string;
  expiresAt: number;
}

/** Everything the model knows: plain values, so that a copy of it is a way back. */
export interface Book {
  height: number;
  /** Coins by pot, under the ledger's names. */
  pots: Map<string, bigint>;
  contracts: Map<string, ModelContract>;
  /** By the provider's name. */
  offers: Map<string, ModelOffer>;
  /** Numbers used, by `NAME:LANE`. */
  lanes: Map<string, bigint>;
  /** Miners by height. */
  miners: Map<number, string>;
  burnPrice: bigint;
  /** MiB-epochs registered by the blocks of the period. */
  demand: bigint[];
}

/** Why the model takes back what it began; the reason is for people. */
export class Refused extends Error {}

/** Refuses unless the condition holds. */
export function need(condition: boolean, why: string): asserts condition {
  if (!condition) throw new Refused(why);
}

export function held(book: Book, pot: string): bigint {
  return book.pots.get(pot) ?? 0n;
}

/** Takes coins out of a pot; `mint` has as many as one likes. */
export function take(book: Book, pot: string, amount: bigint): void {
  if (pot === 'mint' || amount === 0n) return;
  const left = held(book, pot) - amount;
  need(left >= 0n, `${pot} has ${held(book, pot)} of ${amount}`);
  if (left === 0n) book.pots.delete(pot);
  else book.pots.set(pot, left);
}

/** Moves coins; what is burned is gone. */
export function pay(book: Book, from: string, to: string, amount: bigint): void {
  take(book, from, amount);
  if (to !== 'burn' && amount > 0n) book.pots.set(to, held(book, to) + amount);
}

/** Moves all of a pot. */
export function payAll(book: Book, from: string, to: string): bigint {
  const amount = held(book, from);
  pay(book, from, to, amount);
  return amount;
}

export const ceilDiv = (amount: bigint, by: bigint): bigint =>
  amount % by === 0n ? amount / by : amount / by + 1n;

export function liveBytes(leaves: readonly ModelLeaf[]): bigint {
  let sum = 0n;
  for (const { lengthBytes, isDropped } of leaves) if (!isDropped) sum += BigInt(lengthBytes);
  return sum;
}

const chunksOf = (leaf: ModelLeaf): bigint => BigInt(Math.ceil(leaf.lengthBytes / 1024));

export function chunkCount(leaves: readonly ModelLeaf[]): bigint {
  return leaves.reduce((sum, leaf) => sum + chunksOf(leaf), 0n);
}

export function droppedChunks(leaves: readonly ModelLeaf[]): bigint {
  return chunkCount(leaves.filter(({ isDropped }) => isDropped));
}

/** A list in one text: two are the same list if these are the same. */
export function listText(leaves: readonly ModelLeaf[]): string {
  return leaves.map(({ id, isDropped }) => (isDropped ? `(${id.slice(0, 8)})` : id.slice(0, 8))).join(' ');
}

/** Bytes of a provider's active contracts. */
export function usedBytes(book: Book, provider: string): bigint {
  let sum = 0n;
  for (const contract of book.contracts.values())
    if (contract.provider === provider && contract.status === 'active') sum += liveBytes(contract.leaves);
  return sum;
}
