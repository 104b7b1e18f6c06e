import { setTimeout as delay } from 'node:timers/promises';
import type { ContractId, FragmentId } from '#chain';
import { bytesToHex } from '#crypto';
import { AppError } from '#errors';
import { isPlaced, type ManifestSegment } from '#fragments';
import type { ContractView } from '#wire';
import type { ClientContext } from '../context.js';
import { providerKeyOf } from '../providers/provider-directory.js';
import { ProviderSession } from '../providers/provider-session.js';
import { PaidReading } from '../reads/paid-reading.js';

/** After this long without enough fragments one more provider is asked. */
const HEDGE_MS = 1_000;
const EXTRA_BUDGET_BYTES = 64n << 20n;

/** Fetches any k fragments of a segment from whoever answers, data fragments and well-behaved providers first. */
export class FragmentReader {
  private readonly sessions = new Map<string, Promise<ProviderSession>>();

  constructor(private readonly context: ClientContext) {}

  /** n places with k fragments filled in. Every one is checked against its id. */
  async fetchSegment(
    segment: ManifestSegment,
    k: number,
    signal?: AbortSignal,
  ): Promise<(Uint8Array | undefined)[]> {
    const order = await this.preferredOrder(segment, k);
    const found: (Uint8Array | undefined)[] = new Array(segment.fragmentIds.length).fill(undefined);
    const failures: string[] = [];
    const stop = new AbortController();
    const both = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
    const running = new Set<Promise<void>>();
    let have = 0;
    const ask = (index: number): void => {
      const task = this.fetchOne(segment, index, both).then(
        (bytes) => {
          found[index] = bytes;
          have += 1;
        },
        (error: unknown) => {
          if (!(error instanceof AppError) && !both.aborted) throw error;
          failures.push(error instanceof Error ? error.message : String(error));
        },
      );
      const tracked = task.finally(() => running.delete(tracked));
      running.add(tracked);
    };
    try {
      while (have < k) {
        signal?.throwIfAborted();
        while (running.size + have < k && order.length > 0) ask(order.shift() as number);
        if (running.size === 0) throw tooFewFragments(k, have, failures);
        const hedge = new AbortController();
        const waited = await Promise.race([
          Promise.race(running).then(() => 'answered' as const),
          delay(HEDGE_MS, 'slow' as const, { signal: hedge.signal }).catch(() => 'answered' as const),
        ]).finally(() => hedge.abort());
        if (waited === 'slow' && order.length > 0) ask(order.shift() as number);
      }
      return found;
    } finally {
      stop.abort();
      await Promise.allSettled(running);
    }
  }

  /** The session about a contract, for reads and audits. */
  session(contract: ContractId): Promise<ProviderSession> {
    let known = this.sessions.get(contract);
    if (known === undefined) {
      known = this.openSession(contract);
      known.catch(() => this.sessions.delete(contract));
      this.sessions.set(contract, known);
    }
    return known;
  }

  private async openSession(contract: ContractId): Promise<ProviderSession> {
    const { providers } = this.context;
    const view = await providers.contract(contract);
    const baseUrl = await providers.baseUrl(view.provider);
    const budgetBytes = BigInt(view.totalBytes) * 4n + EXTRA_BUDGET_BYTES;
    // Tickets are for the contract that goes on with the fragments now.
    const current = view.id as ContractId;
    const target = {
      agent: providers.agent,
      baseUrl,
      providerKey: providerKeyOf(view),
      contract: current,
      budgetBytes,
      ...(this.payingFor(view) ?? {}),
    };
    return new ProviderSession(this.context, target);
  }

  /** Pays for reads where they cost something and the tickets are ours. */
  private payingFor(view: ContractView): { readonly reading: PaidReading } | undefined {
    const { identity, vouchers: book, readBudget: budget } = this.context;
    const pricePerGiBRead = BigInt(view.pricePerGiBRead);
    const isOurs = view.ticketKey === bytesToHex(identity.content.publicKey);
    if (pricePerGiBRead === 0n || !isOurs) return undefined;
    const contract = view.id as ContractId;
    const options = { contract, pricePerGiBRead, ticketKeys: identity.content, book, budget };
    return { reading: new PaidReading({ context: this.context, ...options }) };
  }

  private async fetchOne(segment: ManifestSegment, index: number, signal: AbortSignal): Promise<Uint8Array> {
    const contract = bytesToHex(segment.holders[index] as Uint8Array) as ContractId;
    const { provider } = await this.context.providers.contract(contract);
    try {
      const session = await this.session(contract);
      const id = bytesToHex(segment.fragmentIds[index] as Uint8Array) as FragmentId;
      return await session.getFragment(id, segment.fragmentLength, signal);
    } catch (error) {
      if (!signal.aborted) {
        this.context.providers.noteFailure(provider);
        // It may have been renewed or replaced since it was looked up.
        this.context.providers.forgetContract(contract);
        this.sessions.delete(contract);
      }
      throw error;
    }
  }

  private async preferredOrder(segment: ManifestSegment, k: number): Promise<number[]> {
    const rated: { index: number; rank: number }[] = [];
    for (const [index, holder] of segment.holders.entries()) {
      if (!isPlaced(holder)) continue;
      const contract = bytesToHex(holder) as ContractId;
      const failures = await this.context.providers.contract(contract).then(
        (view) => this.context.providers.failureCount(view.provider),
        () => Number.MAX_SAFE_INTEGER / 4,
      );
      rated.push({ index, rank: failures * 2 + (index < k ? 0 : 1) });
    }
    return rated.sort((a, b) => a.rank - b.rank || a.index - b.index).map(({ index }) => index);
  }
}

function tooFewFragments(needed: number, found: number, failures: readonly string[]): AppError {
  const reasons = [...new Set(failures)].slice(0, 5).join(' ');
  return new AppError({
    code: 'fetch/too-few-fragments',
    message: `A segment needs ${needed} fragments and only ${found} could be had. ${reasons}`.trim(),
    next: 'Try again later: providers may come back. `cairn status` shows who answers.',
    data: { needed, found },
  });
}
