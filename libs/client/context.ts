import type { Law, NetworkParams } from '#chain';
import type { CryptoPort } from '#crypto';
import type { SegmentPipeline } from '#erasure';
import type { LedgerPort } from '#ledger';
import type { CatalogueMemory } from './catalogue/catalogue-memory.js';
import type { ClientIdentity } from './identity.js';
import type { NegotiationJournal } from './negotiation/negotiation-journal.js';
import type { ProviderDirectory } from './providers/provider-directory.js';
import type { ReadBudget, VoucherBook } from './reads/voucher-book.js';
import type { StandingDeposits } from './repair/standing-deposits.js';
import type { UploadJournals } from './transfer/resume/upload-journal.js';
import type { Wallet } from './wallet/wallet.js';

/** What every action of the client works with. */
export interface ClientContext {
  readonly params: NetworkParams;
  readonly crypto: CryptoPort;
  readonly law: Law;
  readonly ledger: LedgerPort;
  readonly identity: ClientIdentity;
  readonly wallet: Wallet;
  readonly providers: ProviderDirectory;
  readonly pipeline: SegmentPipeline;
  readonly journal: NegotiationJournal;
  readonly uploads: UploadJournals;
  readonly vouchers: VoucherBook;
  readonly readBudget: ReadBudget;
  readonly catalogue: CatalogueMemory;
  /** What is set aside in new contracts where the caller says nothing else. */
  readonly deposits: StandingDeposits;
  readonly requestTimeoutMs: number;
  /** Milliseconds since 1970. */
  nowMs(): number;
}

/** Progress of a long call, for terminals and pages. */
export interface Progress {
  readonly stage: 'sealing' | 'agreeing' | 'forming' | 'anchoring' | 'fetching' | 'checking';
  /** User bytes done and in all; contracts or files in the stages that move no bytes. */
  readonly done: number;
  readonly total: number;
  readonly detail?: string;
}

/** Options of every long call. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}
