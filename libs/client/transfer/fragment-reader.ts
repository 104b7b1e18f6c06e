import type { ContractId, FragmentId } from '#chain';
import { bytesToHex } from '#crypto';
import { AppError } from '#errors';
import { type FragmentSpan, isPlaced, type ManifestSegment } from '#fragments';
import type { ContractView } from '#wire';
import type { ClientContext } from '../context.js';
import { providerKeyOf } from '../providers/provider-directory.js';
import { ProviderSession } from '../providers/provider-session.js';
import { FragmentPace } from '../reads/fragment-pace.js';
import { raceFragments } from '../reads/fragment-race.js';
import { PaidReading } from '../reads/paid-reading.js';

const EXTRA_BUDGET_BYTES = 64n << 20n;

/** Where a contract's fragments are now. */
interface Holder {
  readonly provider: string;
  readonly contract: ContractId;
}

/**
 * Fetches any k fragments of a segment from whoever answers first: data fragments before parity, since they need no
 * decoding, and providers that behaved lately before the others.
 */
export class FragmentReader {
  private readonly sessions = new Map<string, Promise<ProviderSession>>();
  private readonly providerOfContract = new Map<string, string>();

  constructor(
    private readonly context: ClientContext,
    /** What a fragment takes lately: who is slower than the others gets a rival. */
    readonly pace = new FragmentPace(),
  ) {}

  /** n places with k fragments filled in. Every one is checked against its id; one that is wrong is replaced. */
  fetchSegment(
    segment: ManifestSegment,
    k: number,
    signal?: AbortSignal,
  ): Promise<(Uint8Array | undefined)[]> {
    return this.race(segment, k, true, signal);
  }

  /**
   * The same unchecked but for their lengths: for callers that check what they make of them. `onBytes` is told of all that
   * comes, also of what is thrown away.
   */
  fetchUnchecked(
    segment: ManifestSegment,
    k: number,
    signal: AbortSignal,
    onBytes: (sizeBytes: number) => void,
  ): Promise<(Uint8Array | undefined)[]> {
    return this.race(segment, k, false, signal, onBytes);
  }

  /**
   * Parts of data fragments, unchecked but for their lengths.
   * @throws AppError where one of the holders cannot or will not give its part
   */
  async fetchSpans(
    segment: ManifestSegment,
    spans: readonly FragmentSpan[],
    signal: AbortSignal,
  ): Promise<Uint8Array[]> {
    return Promise.all(
      spans.map(({ fragmentIndex, from, toExclusive }) =>
        this.fetchPart(segment, fragmentIndex, signal, (session, id) => {
          const part = { from, toExclusive, lengthBytes: segment.fragmentLength };
          return session.readFragment(id, part, signal);
        }),
      ),
    );
  }

  /** Whether the holders of these fragments are worth asking alone: placed, and none was slow or failed lately. */
  async areGood(segment: ManifestSegment, indexes: readonly number[]): Promise<boolean> {
    const rated = await Promise.all(indexes.map((index) => this.rate(segment, index)));
    return rated.every((penalty) => penalty === 0);
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

  private async race(
    segment: ManifestSegment,
    k: number,
    checked: boolean,
    signal: AbortSignal | undefined,
    onBytes?: (sizeBytes: number) => void,
  ): Promise<(Uint8Array | undefined)[]> {
    const { fragmentLength: lengthBytes } = segment;
    const { standing } = this.context.providers;
    const outcome = await raceFragments({
      needed: k,
      next: this.inOrder(segment, k),
      fetch: (index, stopped) =>
        this.fetchPart(segment, index, stopped, (session, id) =>
          checked
            ? session.getFragment(id, lengthBytes, stopped)
            : session.readFragment(id, { from: 0, toExclusive: lengthBytes, lengthBytes, onBytes }, stopped),
        ),
      onInTime: (index) => {
        const provider = this.providerOf(segment, index);
        if (provider !== undefined) standing.noteAnswer(provider);
      },
      onOvertaken: (index) => {
        const provider = this.providerOf(segment, index);
        if (provider !== undefined) standing.noteSlow(provider);
      },
      isSuspect: (index) => {
        const provider = this.providerOf(segment, index);
        return provider !== undefined && standing.penalty(provider) > 0;
      },
      pace: this.pace,
      signal,
    });
    if (!outcome.ok) throw tooFewFragments(k, outcome.found, outcome.failures);
    return segment.fragmentIds.map((_, index) => outcome.found.get(index));
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

  /** Asks the holder of a fragment; one that denies, lies or is silent is remembered. */
  private async fetchPart(
    segment: ManifestSegment,
    index: number,
    signal: AbortSignal,
    ask: (session: ProviderSession, id: FragmentId) => Promise<Uint8Array>,
  ): Promise<Uint8Array> {
    const { providers } = this.context;
    const { contract, provider } = await this.holderOf(segment, index);
    try {
      const session = await this.session(contract);
      signal.throwIfAborted();
      return await ask(session, bytesToHex(segment.fragmentIds[index] as Uint8Array) as FragmentId);
    } catch (error) {
      if (!signal.aborted) {
        providers.noteFailure(provider);
        // It may have been renewed or replaced since it was looked up.
        providers.forgetContract(contract);
        this.sessions.delete(contract);
      }
      throw error;
    }
  }

  private async holderOf(segment: ManifestSegment, index: number): Promise<Holder> {
    const contract = bytesToHex(segment.holders[index] as Uint8Array) as ContractId;
    const { provider } = await this.context.providers.contract(contract);
    this.providerOfContract.set(contract, provider);
    return { contract, provider };
  }

  /** The provider of a fragment that was asked for before. */
  private providerOf(segment: ManifestSegment, index: number): string | undefined {
    return this.providerOfContract.get(bytesToHex(segment.holders[index] as Uint8Array));
  }

  /** Fragments by how soon they should be asked for. Holders of parity are looked up only once one is needed. */
  private inOrder(segment: ManifestSegment, k: number): () => Promise<number | undefined> {
    const given = new Set<number>();
    let good: number[] | undefined;
    let rest: number[] | undefined;
    return async () => {
      good ??= await this.goodData(segment, k);
      const index = good.shift();
      if (index !== undefined) {
        given.add(index);
        return index;
      }
      rest ??= await this.others(segment, k, given);
      return rest.shift();
    };
  }

  private async goodData(segment: ManifestSegment, k: number): Promise<number[]> {
    const indexes = Array.from({ length: k }, (_, index) => index);
    const rated = await Promise.all(indexes.map((index) => this.rate(segment, index)));
    return indexes.filter((index) => rated[index] === 0);
  }

  private async others(segment: ManifestSegment, k: number, given: ReadonlySet<number>): Promise<number[]> {
    const indexes = segment.holders.flatMap((holder, index) =>
      isPlaced(holder) && !given.has(index) ? [index] : [],
    );
    const ranked = await Promise.all(
      indexes.map(async (index) => {
        const penalty = (await this.rate(segment, index)) ?? Number.MAX_SAFE_INTEGER / 4;
        return { index, rank: penalty * 2 + (index < k ? 0 : 1) };
      }),
    );
    return ranked.sort((a, b) => a.rank - b.rank || a.index - b.index).map(({ index }) => index);
  }

  /** The penalty of a fragment's holder; undefined where it is not placed or the node does not know its contract. */
  private async rate(segment: ManifestSegment, index: number): Promise<number | undefined> {
    if (!isPlaced(segment.holders[index] as Uint8Array)) return undefined;
    const holder = await this.holderOf(segment, index).catch(() => undefined);
    return holder === undefined ? undefined : this.context.providers.standing.penalty(holder.provider);
  }
}

function tooFewFragments(needed: number, found: number, failures: readonly string[]): AppError {
  const reasons = [...new Set(failures)].slice(0, 5).join(' ');
  return new AppError({
    code: 'fetch/too-few-fragments',
    message: `A segment needs ${needed} fragments and only ${found} could be had. ${reasons}`.trim(),
    next: 'Try again later: providers may come back. `cairn verify NAME` shows who answers.',
    data: { needed, found },
  });
}
