/**
 * Owns: the client's side of the market, shared by the command line and the gateway: wallet, upload, download,
 * catalogue, health checks. Sealing happens here, in the client's own process.
 * Does not own: codes and ciphers (libs/erasure), prices (libs/market), choice of providers (libs/placement), the ledger.
 * Read next: client.ts, transfer/upload.ts, transfer/download.ts.
 */
export { currentHead, type ShownHead, toHead } from './catalogue/catalogue-head.js';
export type { LoadedCatalogue } from './catalogue/catalogue-memory.js';
export type { LoadOptions } from './catalogue/catalogue-store.js';
export {
  contractsOfEntries,
  contractsOfHolding,
  type EntryContent,
  entryContent,
  holdingManifest,
  manifestOf,
} from './catalogue/entry-content.js';
export { type Removal, type RemovalPlan, storedBytesOf } from './catalogue/removal.js';
export type { CatalogueHead } from './catalogue/seen-head.js';
export * from './client.js';
export type { CallOptions, ClientContext, Progress } from './context.js';
export { type Dropped, drop, liveFragments } from './contracts/drop.js';
export { type Renewed, type RenewOptions, renew } from './contracts/renew.js';
export type { PublishedRenewal, RenewedFile, RenewFileOptions } from './contracts/renew-file.js';
export {
  type OpenReplacement,
  openReplacement,
  type Replaced,
  type ReplaceOptions,
  replaceContract,
  resumeReplacements,
} from './contracts/replace.js';
export { appendTo, extend, type NewFragment, type Revised, topUp } from './contracts/revise.js';
export { checkFiles, type FileHealth, type HealthVerdict } from './health/file-health.js';
export type { HolderHealth } from './health/holder-audits.js';
export { type ClientIdentity, createIdentity, createRepairIdentity } from './identity.js';
export type { DealLimits } from './negotiation/deal-limits.js';
export { type Resumed, resumeNegotiation } from './negotiation/resume.js';
export { hashOfSource } from './packs/hash-source.js';
export { type ReadMember, readMembers } from './packs/read-members.js';
export { liveBytes, type Repacked, wastefulPacks } from './packs/repack.js';
export { type LocalFile, type StoreEvent, storeFiles } from './packs/store-files.js';
export type { StoredFiles } from './packs/store-pack.js';
export { allPages, contractNow } from './providers/provider-directory.js';
export type { ReadEntry, VoucherBook } from './reads/voucher-book.js';
export { manifestToCapability, manifestToRepairContent, repairSubject } from './repair/capability.js';
export {
  findRepairer,
  type HandOver,
  handOver,
  type KeptThing,
  type NotHandedOver,
  repairerOf,
} from './repair/hand-over.js';
export { handOverCatalogue, keptThings } from './repair/hand-over-catalogue.js';
export { HolderSessions } from './repair/holder-sessions.js';
export { askRepairer, askRepairFile, askRepairStatus } from './repair/repairer-client.js';
export { type RepairChoice, repairDeposits, type StandingDeposits } from './repair/standing-deposits.js';
export type { ByteRange, ReadOptions } from './transfer/download.js';
export { createFileHash, type FileHash } from './transfer/file-hash.js';
export type { FilledFile } from './transfer/fill/publish-filled.js';
export { FragmentReader } from './transfer/fragment-reader.js';
export { openSource, type SourceFile } from './transfer/source.js';
export { openStdinSource } from './transfer/stream-source.js';
export { contractsOf, memorySource } from './transfer/upload.js';
export type { Deposits } from './transfer/upload-plan.js';
export { requestCoins } from './wallet/faucet.js';
export { type Submitted, Wallet } from './wallet/wallet.js';
