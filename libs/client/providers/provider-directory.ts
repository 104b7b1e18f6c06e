import type { Agent } from 'node:http';
import type { ContractId } from '#chain';
import { hexToBytes } from '#crypto';
import { AppError } from '#errors';
import type { LedgerPort } from '#ledger';
import type { Candidate, Standing } from '#placement';
import type { ContractView, EndpointView, OfferView, Page } from '#wire';
import { createHttpAgent } from './http.js';
import { ProviderStanding } from './provider-standing.js';

/** Renewals and replacements of one contract that are followed: years of daily ones. */
const MAX_SUCCESSORS = 10_000;

/** Which providers there are and how they behaved so far, in this process. */
export class ProviderDirectory {
  readonly agent: Agent = createHttpAgent();
  private readonly contracts = new Map<string, Promise<ContractView>>();
  private readonly endpoints = new Map<string, Promise<EndpointView | null>>();
  /** By provider account: those who failed or were slow are asked after the others. */
  readonly standing = new ProviderStanding();

  constructor(private readonly ledger: LedgerPort) {}

  /** Every provider with an offer and an endpoint, and how it behaved: by the chain, and as seen from here. */
  async candidates(): Promise<Candidate[]> {
    const [offers, endpoints, records] = await Promise.all([
      allPages<OfferView>((cursor) => this.ledger.offers({ cursor, limit: 200 })),
      allPages<EndpointView>((cursor) => this.ledger.endpoints({ cursor, limit: 200 })),
      allPages((cursor) => this.ledger.providerRecords({ cursor, limit: 200 })),
    ]);
    const byPrincipal = new Map(endpoints.map((endpoint) => [endpoint.principal, endpoint]));
    const byProvider = new Map(records.map((record) => [record.provider, record]));
    return offers.flatMap((offer) => {
      const endpoint = byPrincipal.get(offer.provider);
      const standing = { ...byProvider.get(offer.provider), ...this.seenOf(offer.provider) };
      return endpoint === undefined ? [] : [{ offer, endpoint, standing }];
    });
  }

  /** What still counts of what was seen from here: it is forgotten as the provider gets its next chance. */
  private seenOf(provider: string): Standing {
    const failuresSeen = this.standing.failuresNow(provider);
    return { failuresSeen, slowSeen: this.standing.penalty(provider) > 0 };
  }

  /**
   * The contract that a contract goes on as: itself, or what it was renewed or replaced by. The answer is kept, the
   * parties of a contract never change.
   */
  contract(id: ContractId): Promise<ContractView> {
    let known = this.contracts.get(id);
    if (known === undefined) {
      known = this.currentContract(id);
      known.catch(() => this.contracts.delete(id));
      this.contracts.set(id, known);
    }
    return known;
  }

  /** Forgets what is known of a contract: it may have been renewed or replaced since. */
  forgetContract(id: string): void {
    this.contracts.delete(id);
  }

  private async currentContract(id: ContractId): Promise<ContractView> {
    return (await contractNow(this.ledger, id)) ?? Promise.reject(unknownContract(id));
  }

  /** Where a provider is reached. */
  async baseUrl(provider: string): Promise<string> {
    let known = this.endpoints.get(provider);
    if (known === undefined) {
      known = this.ledger.endpoint({ principal: provider });
      known.catch(() => this.endpoints.delete(provider));
      this.endpoints.set(provider, known);
    }
    const url = httpAddress((await known)?.addresses ?? []);
    if (url === undefined) {
      throw new AppError({
        code: 'provider/no-endpoint',
        message: `Provider ${provider} announces no HTTP address on chain.`,
        next: 'It may be gone; its fragments count as lost until it announces one.',
      });
    }
    return url;
  }

  /** Forgets where a provider was reached: it may have moved. */
  forgetEndpoint(provider: string): void {
    this.endpoints.delete(provider);
  }

  noteFailure(provider: string): void {
    this.standing.noteFailure(provider);
  }

  failureCount(provider: string): number {
    return this.standing.failureCount(provider);
  }

  close(): void {
    this.agent.destroy();
  }
}

/** The contract that a contract goes on as, as the chain shows it now; null where the node knows none. */
export async function contractNow(
  ledger: Pick<LedgerPort, 'contract'>,
  id: string,
): Promise<ContractView | null> {
  let view = await ledger.contract({ id });
  for (let step = 0; step < MAX_SUCCESSORS && view !== null && view.successor !== null; step++) {
    view = await ledger.contract({ id: view.successor });
  }
  return view;
}

/** The public key of a contract's provider. */
export function providerKeyOf(contract: ContractView): Uint8Array {
  return hexToBytes(contract.providerKey);
}

/** The first plain HTTP address, without a slash at its end. */
export function httpAddress(addresses: readonly string[]): string | undefined {
  return addresses.find((address) => /^https?:\/\//.test(address))?.replace(/\/+$/, '');
}

/** All items of a paged list. */
export async function allPages<T>(page: (cursor: string | undefined) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const answer = await page(cursor);
    items.push(...answer.items);
    cursor = answer.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return items;
}

function unknownContract(id: string): AppError {
  return new AppError({
    code: 'contract/unknown',
    message: `The node knows no contract ${id}.`,
    next: 'The node may still be syncing, or the file was stored on another network.',
  });
}
