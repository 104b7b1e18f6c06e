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
import { createFileFragmentStore, type FragmentStore } from '#fragment-store';
import type { LedgerPort } from '#ledger';
import type { Logger } from '#logging';
import {
  DEFAULT_LIMITS,
  DEFAULT_TERMS,
  type ProviderLimits,
  type ProviderOptions,
  type ProviderTerms,
} from './provider-options.js';
import { openProviderRecords, type ProviderRecords } from './records/provider-records.js';
import { openTicketRecords, type TicketRecords } from './records/ticket-records.js';

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
  readonly store: FragmentStore;
  /** Where the store keeps its files. */
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
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const records = await openProviderRecords(dataDir, {
    perClient: limits.maxReservationsPerClient,
    all: limits.maxReservations,
  });
  const tickets = await openTicketRecords(dataDir);
  const fragmentsFolder = join(dataDir, 'fragments');
  return {
    params,
    crypto: nativeCrypto,
    // Built here, not by libs/ledger: a provider opens no ledger, and its database engine would come along.
    law: createNetworkLaw(params, nativeCrypto),
    keys,
    providerKey: bytesToHex(keys.publicKey),
    account,
    address: accountIdToAddress(params, account),
    terms,
    limits,
    ledger: options.ledger,
    fragmentsFolder,
    store: await createFileFragmentStore({
      folder: fragmentsFolder,
      capacityBytes: terms.capacityBytes,
    }),
    records,
    tickets,
    logger: options.logger,
    publicUrl: options.publicUrl,
    now: options.now ?? Date.now,
  };
}

/** Closes what `openProviderContext` opened. */
export async function closeProviderContext(context: ProviderContext): Promise<void> {
  await context.records.close();
  await context.tickets.close();
  await context.store.close();
}

/** Seconds since 1970. */
export function nowSeconds(context: Pick<ProviderContext, 'now'>): number {
  return Math.floor(context.now() / 1000);
}
