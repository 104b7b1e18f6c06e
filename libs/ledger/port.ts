import type { StateObjectKind } from '#contracts';
import type {
  AccountView,
  AnchorView,
  AuditView,
  BlockSummaryView,
  BurnPriceMoveView,
  BurnPriceView,
  ChallengeView,
  ContractView,
  EndpointView,
  EpochProofView,
  FeeEstimateView,
  FragmentEntryView,
  HeadersView,
  HolderView,
  LedgerEventView,
  ObjectEventView,
  OfferView,
  Page,
  PostingView,
  ProviderRecordView,
  SearchHitView,
  StateProofView,
  StatusView,
  SupplyView,
  TemplateView,
  TransactionView,
} from '#wire';

/** Which page of a list. */
export interface PageRequest {
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
}

/** Accounts are given as address or 40-digit hex id; a malformed one is an AppError `ledger/bad-address`. */
export type AccountRef = string;

/** Which object to prove; `id` is an account or, where the kind is `contract`, a contract id. */
export interface StateProofRequest {
  readonly kind: StateObjectKind;
  readonly id: string;
  /** Only for a lane; default 0. */
  readonly lane?: number | undefined;
  /** Only for an anchor. */
  readonly slot?: string | undefined;
  /** How many blocks, the one that commits to the proven state among them, stand on that state. Default 1. */
  readonly confirmations?: number | undefined;
}

/**
 * The ledger as everybody outside its process knows it: the same port embedded, over a node's HTTP API and over one
 * operator's Redis transport. Every argument and answer is plain JSON. A lookup that finds nothing answers null.
 * A refused transaction or block is an AppError `ledger/refused` whose `data.violation` names the rule.
 */
export interface LedgerPort {
  status(): Promise<StatusView>;

  submitTransaction(request: { hex: string }): Promise<{ id: string }>;
  transaction(request: { id: string }): Promise<TransactionView | null>;
  /** Next sequence number of a lane, pending transactions counted; decimal string. */
  nextSequence(request: { account: AccountRef; lane: number }): Promise<{ sequence: string }>;
  mempool(request: PageRequest): Promise<Page<TransactionView>>;
  /** Base units per byte for the next block, for a few blocks, and for those who can wait. */
  feeEstimate(): Promise<FeeEstimateView>;

  /** What storing burns now, and when that moves. */
  burnPrice(): Promise<BurnPriceView>;
  /** How the burn price moved, newest first. */
  burnPriceMoves(request: PageRequest): Promise<Page<BurnPriceMoveView>>;

  /** By id or by height on the main chain. */
  block(request: { ref: string }): Promise<BlockSummaryView | null>;
  /** Newest first. */
  blocks(request: PageRequest): Promise<Page<BlockSummaryView>>;
  /** Raw bytes of a block of the main chain, hex. */
  rawBlock(request: { ref: string }): Promise<{ id: string; height: number; hex: string } | null>;
  blockTransactions(request: { ref: string } & PageRequest): Promise<Page<TransactionView>>;

  /** Headers of the main chain from a height on, one after the other, at most `MAX_HEADERS`. */
  headers(request: { fromHeight: number; count: number }): Promise<HeadersView>;
  /** Proof of an object, or of its absence, against the state root of a block. For clients who trust no node. */
  stateProof(request: StateProofRequest): Promise<StateProofView>;

  account(request: { account: AccountRef }): Promise<AccountView>;
  /** Every posting into or out of the account's own pot, newest first. */
  accountPostings(request: { account: AccountRef } & PageRequest): Promise<Page<PostingView>>;

  offers(request: PageRequest): Promise<Page<OfferView>>;
  offer(request: { provider: AccountRef }): Promise<OfferView | null>;
  endpoint(request: { principal: AccountRef }): Promise<EndpointView | null>;
  endpoints(request: PageRequest): Promise<Page<EndpointView>>;
  /** What the contracts of each provider that ever had one add up to, by account. */
  providerRecords(request: PageRequest): Promise<Page<ProviderRecordView>>;
  anchor(request: { account: AccountRef; slot: string }): Promise<AnchorView | null>;

  contract(request: { id: string }): Promise<ContractView | null>;
  /** Newest first, filtered by party and status. */
  contracts(
    request: { client?: AccountRef; provider?: AccountRef; status?: string } & PageRequest,
  ): Promise<Page<ContractView>>;
  /** Its list in leaf order, with what was dropped from it. */
  contractFragments(request: { id: string } & PageRequest): Promise<Page<FragmentEntryView>>;
  /** Everything that happened to a contract, oldest first. */
  contractTimeline(request: { id: string }): Promise<ObjectEventView[]>;
  /** How an epoch of a contract went: its challenge, its proof, and what the proof shows; null before its challenge. */
  epochProof(request: { id: string; epoch: number }): Promise<EpochProofView | null>;
  /** Every posting about a contract, oldest first. */
  contractPostings(request: { id: string } & PageRequest): Promise<Page<PostingView>>;
  /** Windows open now for a provider's contracts. */
  challenges(request: { provider: AccountRef }): Promise<ChallengeView[]>;
  holders(request: { fragment: string }): Promise<HolderView[]>;
  /** Postings and object events of everything, newest first, for explorers and payouts. */
  postings(request: { reason?: string; sinceHeight?: number } & PageRequest): Promise<Page<PostingView>>;
  events(request: { name?: string; sinceHeight?: number } & PageRequest): Promise<Page<ObjectEventView>>;

  supply(): Promise<SupplyView>;
  /** Replays every block from genesis in code of its own. */
  audit(): Promise<AuditView>;
  search(request: { text: string }): Promise<SearchHitView[]>;

  /** A block to work on for a miner's address. */
  template(request: { miner: AccountRef }): Promise<TemplateView>;
  /** A whole block, hex; or a solved template by its id, with the header and the coinbase as the miner filled them. */
  submitBlock(request: { hex: string }): Promise<{ id: string; height: number }>;
  submitSolution(request: {
    templateId: string;
    headerHex: string;
    coinbaseHex: string;
  }): Promise<{ id: string; height: number }>;

  /** Everything after an event id (or from now), until the signal aborts. */
  follow(request: { lastEventId?: string }, signal: AbortSignal): AsyncIterable<LedgerEventView>;
}

/** The names of the port's request/answer methods, for transports that carry them. */
export const LEDGER_METHODS = [
  'status',
  'submitTransaction',
  'transaction',
  'nextSequence',
  'mempool',
  'feeEstimate',
  'burnPrice',
  'burnPriceMoves',
  'block',
  'blocks',
  'rawBlock',
  'blockTransactions',
  'headers',
  'stateProof',
  'account',
  'accountPostings',
  'offers',
  'offer',
  'endpoint',
  'endpoints',
  'providerRecords',
  'anchor',
  'contract',
  'contracts',
  'contractFragments',
  'contractTimeline',
  'epochProof',
  'contractPostings',
  'challenges',
  'holders',
  'postings',
  'events',
  'supply',
  'audit',
  'search',
  'template',
  'submitBlock',
  'submitSolution',
] as const satisfies readonly (keyof LedgerPort)[];
