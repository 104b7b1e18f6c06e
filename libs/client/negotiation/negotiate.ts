import type { Agreement, FragmentEntry } from '#contracts';
import { AppError } from '#errors';
import type { CounterTerms, ProposalOrigin, Verdict } from '#wire';
import type { ProviderSession } from '../providers/provider-session.js';
import { beyondLimits, type DealLimits } from './deal-limits.js';
import type { NegotiationJournal } from './negotiation-journal.js';

/** Counter-offers that are gone along with; a provider that makes more plays for time. */
const MAX_COUNTERS = 4;
/** A step that got no answer is repeated: the provider gives the same one. */
const MAX_ATTEMPTS = 3;

/** What is negotiated about. */
export interface Deal {
  readonly session: ProviderSession;
  /** The provider's offer on chain, as far as it was quoted. */
  readonly quoted: CounterTerms;
  readonly epochs: number;
  readonly origin: ProposalOrigin;
  readonly fragments: readonly FragmentEntry[];
  readonly limits: DealLimits;
  readonly journal: NegotiationJournal;
  /** Where the provider has answered proposals of this contract before. Default 1. */
  readonly firstRound?: number;
  /** The agreement under given terms. */
  draft(terms: CounterTerms): Agreement;
}

/** An agreement with the provider's signature. */
export interface Agreed {
  readonly agreement: Agreement;
  readonly providerSignature: Uint8Array;
  /** Of the proposal that was agreed on. */
  readonly round: number;
}

/**
 * Comes to terms with a provider: proposes what it offers on chain, accepts counter-offers within the limits, and
 * otherwise withdraws, so that the provider's room is free at once.
 * @throws AppError `negotiation/too-dear`, `negotiation/no-end`, `provider/refused` where it declined
 */
export async function negotiate(deal: Deal, signal?: AbortSignal): Promise<Agreed> {
  let terms = deal.quoted;
  const first = deal.firstRound ?? 1;
  for (let round = first; round <= first + MAX_COUNTERS; round++) {
    const { session, origin, fragments } = deal;
    const agreement = await drafted(deal, terms, signal);
    const proposal = { round, origin, agreement, fragments };
    // Written down before it is sent: after a kill the same step gets the same answer.
    await deal.journal.save(session, proposal);
    const verdict = await persistently(() => session.propose(proposal, signal));
    if (verdict.state === 'agreed') return agreed(agreement, verdict, round);
    if (verdict.counter === undefined) {
      await giveUp(deal, signal);
      throw declined(deal.session, verdict);
    }
    const why = beyondLimits(deal.quoted, verdict.counter, deal.epochs, deal.limits);
    if (why !== undefined) {
      await giveUp(deal, signal);
      throw tooDear(deal.session, why);
    }
    terms = verdict.counter;
  }
  await giveUp(deal, signal);
  throw noEnd(deal.session);
}

/** The agreement under given terms; where the client would not have it, the provider hears so. */
async function drafted(deal: Deal, terms: CounterTerms, signal: AbortSignal | undefined): Promise<Agreement> {
  try {
    return deal.draft(terms);
  } catch (error) {
    if (terms !== deal.quoted) await giveUp(deal, signal);
    throw error;
  }
}

/** Withdraws; a provider that cannot be told finds out when the reservation lapses. */
async function giveUp({ session, journal }: Deal, signal: AbortSignal | undefined): Promise<void> {
  try {
    await session.withdraw(signal);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
  await journal.close(session.contract);
}

function agreed(agreement: Agreement, { agreementSignature }: Verdict, round: number): Agreed {
  return { agreement, providerSignature: agreementSignature as Uint8Array, round };
}

/** Repeats a step whose answer did not arrive. */
async function persistently(step: () => Promise<Verdict>): Promise<Verdict> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await step();
    } catch (error) {
      const isLost = error instanceof AppError && error.code === 'provider/unreachable';
      if (!isLost || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

function declined({ baseUrl }: ProviderSession, { rule }: Verdict): AppError {
  return new AppError({
    code: 'provider/refused',
    message: `The provider at ${baseUrl} declined the agreement: ${rule}.`,
    next: 'Another provider is used where there is one; docs/protocol/provider-api.md says what the rule asks for.',
    data: { origin: baseUrl, rule },
  });
}

function tooDear({ baseUrl }: ProviderSession, why: string): AppError {
  return new AppError({
    code: 'negotiation/too-dear',
    message: `The provider at ${baseUrl} now asks for other terms than it offered: ${why}.`,
    next: 'The proposal was withdrawn and nothing was paid. Try again for a new quote, or allow a higher price.',
    data: { origin: baseUrl, why },
  });
}

function noEnd({ baseUrl }: ProviderSession): AppError {
  return new AppError({
    code: 'negotiation/no-end',
    message: `The provider at ${baseUrl} made ${MAX_COUNTERS + 1} counter-offers and agreed to none of them.`,
    next: 'The proposal was withdrawn; another provider is used where there is one.',
    data: { origin: baseUrl },
  });
}
