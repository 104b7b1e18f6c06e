import {
  type BlockView,
  type Change,
  type ContractId,
  type LawEvent,
  type ObjectEvent,
  type PostingEvent,
  type Pot,
  potKind,
  potSpace,
} from '#chain';
import { InvariantError } from '#errors';
import { contractSpace, type StorageContract } from '../lifecycle/contract-object.js';

/** A contract that a block made or changed. */
export interface ContractChange {
  readonly id: ContractId;
  readonly before: StorageContract | undefined;
  readonly after: StorageContract;
}

/** What a block did, as its checks look at it: only what changed, never the whole state. */
export interface BlockFacts {
  readonly view: BlockView;
  readonly changes: readonly Change[];
  readonly contracts: readonly ContractChange[];
  readonly postings: readonly PostingEvent[];
  /** What happened by itself at the end of the block, in order. */
  readonly automatic: readonly ObjectEvent[];
  /** Postings by the contract whose pot they touch, or whose burn or mint they are. */
  readonly postingsOf: ReadonlyMap<string, readonly PostingEvent[]>;
}

const CONTRACT_POTS = new Set(['escrow', 'vesting', 'collateral', 'reserve', 'bounty', 'reads']);

/** The contract a pot belongs to, if it is a contract's. */
export function contractOfPot(pot: Pot): ContractId | undefined {
  const kind = potKind(pot);
  return CONTRACT_POTS.has(kind) ? (pot.slice(kind.length + 1) as ContractId) : undefined;
}

/** Gathers the facts of a block at its end; events from `automaticFrom` on happened by themselves. */
export function blockFacts(view: BlockView, automaticFrom: number): BlockFacts {
  const changes = view.diff();
  const postings = view.events.filter((event): event is PostingEvent => event.type === 'posting');
  return {
    view,
    changes,
    contracts: changes.filter(({ space }) => space.code === contractSpace.code).map(toContractChange),
    postings,
    automatic: view.events.slice(automaticFrom).filter((event: LawEvent) => event.type === 'object'),
    postingsOf: groupByContract(postings),
  };
}

function toContractChange({ key, before, after }: Change): ContractChange {
  if (after === undefined) throw new InvariantError(`contract ${key} is gone`);
  return {
    id: key as ContractId,
    before: before as StorageContract | undefined,
    after: after as StorageContract,
  };
}

function groupByContract(postings: readonly PostingEvent[]): Map<string, PostingEvent[]> {
  const groups = new Map<string, PostingEvent[]>();
  const add = (id: string, posting: PostingEvent): void => {
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [posting]);
    else group.push(posting);
  };
  for (const posting of postings) {
    const from = contractOfPot(posting.from);
    const to = contractOfPot(posting.to);
    if (from !== undefined) add(from, posting);
    if (to !== undefined && to !== from) add(to, posting);
    const isBurnOrMint = posting.reason === 'burn' || posting.reason.startsWith('mint-');
    if (from === undefined && to === undefined && isBurnOrMint) add(posting.subject, posting);
  }
  return groups;
}

/** Sum of the postings of a contract that are counted. */
export function sumOf(
  facts: BlockFacts,
  id: ContractId,
  isCounted: (posting: PostingEvent) => boolean,
): bigint {
  let sum = 0n;
  for (const posting of facts.postingsOf.get(id) ?? []) if (isCounted(posting)) sum += posting.amount;
  return sum;
}

/** Our own fault, with the contract and the figures that show it. */
export function broken(facts: BlockFacts, id: string, what: string, figures: Record<string, unknown>): never {
  const text = Object.entries(figures).map(([name, value]) => `${name} ${String(value)}`);
  throw new InvariantError(`block ${facts.view.height}, ${id}: ${what} (${text.join(', ')})`);
}

type ChangedPots = ReadonlyMap<Pot, { readonly before: bigint; readonly after: bigint }>;

/** Asked for by every contract of a block: gathered once. */
const gathered = new WeakMap<BlockFacts, ChangedPots>();

/** Balances that a block changed, before and after; an absent pot is 0. */
export function changedPots(facts: BlockFacts): ChangedPots {
  const known = gathered.get(facts);
  if (known !== undefined) return known;
  const pots = new Map<Pot, { before: bigint; after: bigint }>();
  for (const { space, key, before, after } of facts.changes) {
    if (space.code !== potSpace.code) continue;
    pots.set(key, {
      before: (before as bigint | undefined) ?? 0n,
      after: (after as bigint | undefined) ?? 0n,
    });
  }
  gathered.set(facts, pots);
  return pots;
}
