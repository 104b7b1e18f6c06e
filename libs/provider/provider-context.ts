import { join } from 'node:path';
import {
  type AccountId,
  accountIdToAddress,
  type Law,
  type NetworkParams,
  publicKeyToAccountId,
} from '#chain';
import { createNetworkLaw } from '#contracts';
import type { CryptoPort, KeyPair } from '#crypto';
import { bytesToHex } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { openVolumeSet, VolumeAdmin, VolumeScrubs, type VolumeSet } from '#fragment-store';
import type { LedgerPort } from '#ledger';
import type { Logger } from '#logging';
import {
  DEFAULT_TERMS,
  limitsOf,
  type ProviderLimits,
  type ProviderOptions,
  type ProviderTerms,
} from './provider-options.js';
import { openProviderRecords, type ProviderRecords } from './records/provider-records.js';
import { openTicketRecords, type TicketRecords } from './records/ticket-records.js';

/** Disks are looked at this often. */
const LOOK_MS = 5_000;

/** What every part of a provider works with. */
export interface ProviderContext {
  readonly params: NetworkParams;
  readonly crypto: CryptoPort;
  readonly law: Law;
  readonly keys: KeyPair;
  readonly providerKey: string;
  readonly account: AccountId;
  readonly address: string;
  readonly terms: ProviderTerms;
  readonly limits: ProviderLimits;
  readonly ledger: LedgerPort;
  readonly store: VolumeSet;
  readonly volumes: VolumeAdmin;
  readonly scrubs: VolumeScrubs;
  /** The first volume. */
  readonly fragmentsFolder: string;
  readonly records: ProviderRecords;
  readonly tickets: TicketRecords;
  readonly logger: Logger;
  readonly publicUrl: () => string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Opens everything a provider keeps on disk. */
export async function openProviderContext(options: ProviderOptions): Promise<ProviderContext> {
  const { params, keys, dataDir } = options;
  const terms = { ...DEFAULT_TERMS, ...options.terms };
  const account = publicKeyToAccountId(nativeCrypto, params, keys.publicKey);
  const limits = limitsOf(params, options.limits);
  const records = await openProviderRecords(dataDir, {
    perClient: limits.maxReservationsPerClient,
    all: limits.maxReservations,
  });
  const tickets = await openTicketRecords(dataDir);
  const fragmentsFolder = join(dataDir, 'fragments');
  const providerKey = bytesToHex(keys.publicKey);
  const now = options.now ?? Date.now;
  const store = await openVolumeSet({
    listFile: join(dataDir, 'volumes.json'),
    owner: providerKey,
    configured: [{ path: fragmentsFolder, capacityBytes: terms.capacityBytes }, ...(options.volumes ?? [])],
    isExpectedEmpty: () => hasNothingAgreed(records),
    maxDiskErrors: limits.maxDiskErrors,
    moveBytesPerSecond: limits.moveBytesPerSecond,
    lookMs: LOOK_MS,
    onDamage: (id) => records.markCorrupt(id, Math.floor(now() / 1000)),
    logger: options.logger,
  }).catch(async (error: unknown) => {
    await records.close();
    await tickets.close();
    throw error;
  });
  const scrubs = new VolumeScrubs(store.registry, {
    bytesPerSecond: limits.scrubBytesPerSecond,
    now,
    onSound: (id) => records.unmarkCorrupt(id),
  });
  return {
    params,
    crypto: nativeCrypto,
    // Built here, not by libs/ledger: a provider opens no ledger, and its database engine would come along.
    law: createNetworkLaw(params, nativeCrypto),
    keys,
    providerKey,
    account,
    address: accountIdToAddress(params, account),
    terms,
    limits,
    ledger: options.ledger,
    fragmentsFolder,
    store,
    volumes: new VolumeAdmin(store, scrubs),
    scrubs,
    records,
    tickets,
    logger: options.logger,
    publicUrl: options.publicUrl,
    now,
  };
}

/** Closes what `openProviderContext` opened. */
export async function closeProviderContext(context: ProviderContext): Promise<void> {
  await context.scrubs.stop();
  await context.store.close();
  await context.records.close();
  await context.tickets.close();
}

/** Whether no fragment should be on a disk: a folder without a marker is new then. */
async function hasNothingAgreed(records: ProviderRecords): Promise<boolean> {
  for (const { id } of records.contracts()) if ((await records.leaves(id)).length > 0) return false;
  return true;
}

/** Seconds since 1970. */
export function nowSeconds(context: Pick<ProviderContext, 'now'>): number {
  return Math.floor(context.now() / 1000);
}
