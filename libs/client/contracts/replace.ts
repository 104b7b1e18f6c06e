import { randomBytes } from 'node:crypto';
import type { ContractId, FragmentId } from '#chain';
import {
  type Agreement,
  collateralFor,
  contractIdOf,
  type FragmentEntry,
  isTombstone,
  type Leaf,
  priceContract,
  restOfTerm,
} from '#contracts';
import { hexToBytes } from '#crypto';
import { AppError } from '#errors';
import type { Candidate } from '#placement';
import type { ContractView, CounterTerms } from '#wire';
import type { CallOptions, ClientContext } from '../context.js';
import { negotiate } from '../negotiation/negotiate.js';
import { offerToDeal } from '../negotiation/offer-to-deal.js';
import { resumeNegotiation } from '../negotiation/resume.js';
import { httpAddress } from '../providers/provider-directory.js';
import { ProviderSession } from '../providers/provider-session.js';
import { isRefusal, refusedRule } from '../refusal.js';
import { whileWindowOpen } from './open-window.js';
import { leavesOf } from './own-contract.js';

/** What a repairer chooses about a replacement. */
export interface ReplaceOptions extends CallOptions {
  readonly contract: string;
  /** The provider that is to hold the fragments from now on. */
  readonly candidate: Candidate;
  /** The bytes of a fragment of the contract, rebuilt from its siblings. */
  readonly fragment: (id: FragmentId, lengthBytes: number) => Promise<Uint8Array>;
  /** The new provider keeps room for so long; half an hour and a second for each MiB unless given. */
  readonly roomSeconds?: number;
}

/** A contract that another provider goes on with. */
export interface Replaced {
  readonly contract: ContractId;
  readonly replacement: ContractId;
  readonly transaction: string;
}

/** A replacement under way: the new provider keeps room; fragments come in any order, then it is agreed on. */
export interface OpenReplacement {
  readonly contract: ContractId;
  /** What must be stored: fragments that were not dropped. */
  readonly wanted: readonly FragmentEntry[];
  /** Stores one of them with the new provider. */
  put(id: FragmentId, bytes: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** Agrees and puts the replacement on chain, once everything wanted is stored. */
  finish(signal?: AbortSignal): Promise<Replaced>;
}

/** Room for the replacement is kept for so long, in seconds, and a second more for each MiB; never for a whole day. */
const ROOM_SECONDS = 1_800;
const MOST_ROOM_SECONDS = 24 * 3_600 - 600;
/** A challenge this near may have been made by the time the replacement is on chain: its epoch is not counted on. */
const NEAR_BLOCKS = 6;
/** Agreements asked for, each with what is left of the term by then. */
const MAX_ATTEMPTS = 3;

/**
 * Gives the fragments of a contract to another provider, for its client and out of what it set aside. The context is the
 * repairer's (`createRepairIdentity`): the key that the contract names.
 * @throws AppError `replace/not-repairer`, `replace/no-cause`, `replace/nothing-left`, `replace/too-dear`, and what
 *   reserving, storing and negotiating throw
 */
export async function replaceContract(context: ClientContext, options: ReplaceOptions): Promise<Replaced> {
  const { signal, onProgress, fragment } = options;
  const open = await openReplacement(context, options);
  for (const [done, { id, lengthBytes }] of open.wanted.entries()) {
    signal?.throwIfAborted();
    await open.put(id, await fragment(id, lengthBytes), signal);
    onProgress?.({ stage: 'sealing', done: done + 1, total: open.wanted.length });
  }
  return open.finish(signal);
}

/** Asks the new provider for room. @throws as `replaceContract` */
export async function openReplacement(
  context: ClientContext,
  options: Pick<ReplaceOptions, 'contract' | 'candidate' | 'signal' | 'roomSeconds'>,
): Promise<OpenReplacement> {
  const { contract: id, candidate, signal, roomSeconds } = options;
  const view = await context.ledger.contract({ id });
  assertReplaceable(context, id, view);
  const contract = view.id as ContractId;
  const leaves = await leavesOf(context, contract, view);
  const nonce = new Uint8Array(randomBytes(16));
  const { session, replacement } = sessionWithNew(context, candidate, view, nonce);
  const epochs = await epochsLeft(context, contract);
  await reserve(context, { session, view, nonce, epochs, signal, roomSeconds });
  const live = leaves.filter((leaf) => !isTombstone(leaf));
  return {
    contract,
    wanted: live.map(({ id: fragment, lengthBytes }) => ({ id: fragment, lengthBytes })),
    put: (fragment, bytes, putSignal) => session.putFragment(fragment, bytes, putSignal),
    finish: (finishSignal) =>
      agree(context, { session, replacement, view, leaves, nonce, candidate, signal: finishSignal }),
  };
}

interface ToAgree {
  readonly session: ProviderSession;
  readonly replacement: ContractId;
  readonly view: ContractView;
  readonly leaves: readonly Leaf[];
  readonly nonce: Uint8Array;
  readonly candidate: Candidate;
  readonly signal: AbortSignal | undefined;
}

async function agree(context: ClientContext, open: ToAgree): Promise<Replaced> {
  const { ledger, params, journal } = context;
  const { session, replacement, view, leaves, nonce, candidate, signal } = open;
  const contract = view.id as ContractId;
  let firstRound = 1;
  for (let attempt = 1; ; attempt++) {
    // A provider that leaves and missed nothing is paid for its open challenge first; sending may have taken until then.
    await whileWindowOpen(context, contract, (_, { replaceable }) => replaceable === 'drained', signal);
    // Sending takes a while, and so may a block: what is left of the term is counted again.
    const epochs = await epochsLeft(context, contract);
    const { tip } = await ledger.status();
    const { agreement, providerSignature, round } = await negotiate(
      {
        session,
        quoted: offerToDeal(params, candidate.offer, tip.height),
        epochs,
        origin: { kind: 'replacement', contract },
        fragments: leaves.map(({ id, lengthBytes }) => ({ id, lengthBytes })),
        limits: {},
        journal,
        firstRound,
        draft: (terms) => draftReplacement(context, view, { terms, nonce, epochs, session }),
      },
      signal,
    );
    firstRound = round + 1;
    try {
      const submitted = await context.wallet.submit('replace', { contract, agreement, providerSignature });
      await context.wallet.confirm(submitted, { ...(signal && { signal }) });
      await journal.close(replacement);
      return { contract, replacement, transaction: submitted.id };
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !isMovedOn(error)) throw error;
    }
  }
}

/**
 * Puts replacements on chain that a killed run had agreed on: nothing is rebuilt or sent a second time. Answers those
 * that are there now; what nobody agreed on is begun anew by whoever finds its cause.
 */
export async function resumeReplacements(
  context: ClientContext,
  options: CallOptions = {},
): Promise<Replaced[]> {
  const { journal, wallet, ledger } = context;
  const replaced: Replaced[] = [];
  for (const negotiation of await journal.open()) {
    const { origin, contract: replacement, agreement } = negotiation;
    if (origin.kind !== 'replacement') continue;
    const { contract } = origin;
    const resumed = await resumeNegotiation(context, negotiation);
    if (resumed.outcome === 'unreachable') continue;
    if (resumed.outcome === 'agreed') {
      const { providerSignature } = resumed.agreed;
      try {
        const submitted = await wallet.submit('replace', { contract, agreement, providerSignature });
        await wallet.confirm(submitted, { ...(options.signal && { signal: options.signal }) });
        replaced.push({ contract, replacement, transaction: submitted.id });
      } catch (error) {
        if (!isRefusal(error)) throw error;
        // The killed run's own transaction may still be on its way: the provider is not told before its time is over.
        if (agreement.formBy >= (await ledger.status()).tip.height) continue;
      }
    }
    await journal.close(replacement);
  }
  return replaced;
}

/** An epoch has begun since the term was counted, or a challenge was made. */
function isMovedOn(error: unknown): boolean {
  const rule = refusedRule(error);
  return rule === 'replace/epochs' || rule === 'replace/open-window';
}

function sessionWithNew(
  context: ClientContext,
  { offer, endpoint }: Candidate,
  view: ContractView,
  nonce: Uint8Array,
): { session: ProviderSession; replacement: ContractId } {
  const { crypto, params, providers } = context;
  const providerKey = hexToBytes(offer.publicKey);
  const parties = { clientKey: hexToBytes(view.clientKey), providerKey, nonce };
  const replacement = contractIdOf(crypto, params, parties);
  const baseUrl = httpAddress(endpoint.addresses) ?? '';
  const budgetBytes = BigInt(view.totalBytes) * 2n;
  const target = { agent: providers.agent, baseUrl, providerKey, contract: replacement, budgetBytes };
  return { session: new ProviderSession(context, target), replacement };
}

/** Room at the new provider. */
function reserve(
  { nowMs }: ClientContext,
  {
    session,
    view,
    nonce,
    epochs,
    signal,
    roomSeconds,
  }: Pick<ToAgree, 'session' | 'view' | 'nonce' | 'signal'> & {
    readonly epochs: number;
    readonly roomSeconds: number | undefined;
  },
): Promise<unknown> {
  const maxBytes = BigInt(view.totalBytes);
  const lifeSeconds = Math.min(MOST_ROOM_SECONDS, roomSeconds ?? ROOM_SECONDS + Number(maxBytes >> 20n));
  const reservation = {
    clientKey: hexToBytes(view.clientKey),
    providerKey: session.providerKey,
    nonce,
    ticketKey: hexToBytes(view.ticketKey),
    maxBytes,
    maxFragments: view.leafCount,
    epochs,
    expiresAt: BigInt(Math.floor(nowMs() / 1000) + lifeSeconds),
  };
  return session.reserve(reservation, { replaces: view.id as ContractId, signal });
}

function draftReplacement(
  { params }: ClientContext,
  view: ContractView,
  {
    terms,
    nonce,
    epochs,
    session,
  }: { terms: CounterTerms; nonce: Uint8Array; epochs: number; session: ProviderSession },
): Agreement {
  const { basePerEpoch, pricePerGiBEpoch } = terms;
  const repair = {
    key: hexToBytes(view.repair?.key ?? ''),
    maxBasePerEpoch: BigInt(view.repair?.maxBasePerEpoch ?? 0),
    maxPricePerGiBEpoch: BigInt(view.repair?.maxPricePerGiBEpoch ?? 0),
  };
  if (basePerEpoch > repair.maxBasePerEpoch || pricePerGiBEpoch > repair.maxPricePerGiBEpoch) {
    throw tooDear(view, terms);
  }
  const totalBytes = BigInt(view.totalBytes);
  const { escrow } = priceContract(params, { basePerEpoch, pricePerGiBEpoch, totalBytes, epochs });
  return {
    clientKey: hexToBytes(view.clientKey),
    providerKey: session.providerKey,
    nonce,
    ticketKey: hexToBytes(view.ticketKey),
    payout: terms.payout,
    offerNumber: terms.offerNumber,
    formBy: terms.latestFormBy,
    epochs,
    basePerEpoch,
    pricePerGiBEpoch,
    collateral: collateralFor(escrow, BigInt(terms.collateralBps)),
    pricePerGiBRead: BigInt(view.pricePerGiBRead),
    freeReadBytesPerEpoch: BigInt(view.freeReadBytesPerEpoch),
    readEscrow: 0n,
    repair,
    reserve: 0n,
    maxBurn: 0n,
    root: hexToBytes(view.root),
    leafCount: view.leafCount,
    totalBytes,
    totalChunks: BigInt(view.totalChunks),
  };
}

/** Epochs that the replacement can still run when it is on chain in a few blocks. */
async function epochsLeft({ ledger, params }: ClientContext, contract: ContractId): Promise<number> {
  const view = await ledger.contract({ id: contract });
  if (view === null) throw nothingLeft(contract);
  const soon = (await ledger.status()).tip.height + NEAR_BLOCKS;
  const isNear = view.nextChallengeHeight !== null && view.nextChallengeHeight <= soon;
  const { epochs } = restOfTerm(params, { ...view, nextEpoch: view.nextEpoch + (isNear ? 1 : 0) }, soon);
  if (epochs === 0) throw nothingLeft(contract);
  return epochs;
}

function assertReplaceable(
  { identity }: ClientContext,
  contract: string,
  view: ContractView | null,
): asserts view is ContractView {
  const key = view?.repair?.key;
  if (view === null || key === undefined || !sameKey(key, identity.wallet.publicKey)) {
    throw new AppError({
      code: 'replace/not-repairer',
      message: `Contract ${contract} names ${key ?? 'nobody'} as its repairer.`,
      next: 'Only that key may give its fragments to another provider.',
      data: { contract },
    });
  }
  if (view.replaceable === null) {
    throw new AppError({
      code: 'replace/no-cause',
      message: `Contract ${contract} has missed nothing since its last proof, and its provider stays.`,
      next: 'It is replaced after a miss, a failure, or when its provider says that it leaves.',
      data: { contract },
    });
  }
}

function sameKey(hex: string, key: Uint8Array): boolean {
  return Buffer.from(key).toString('hex') === hex;
}

function nothingLeft(contract: string): AppError {
  return new AppError({
    code: 'replace/nothing-left',
    message: `Contract ${contract} has no epoch left for another provider.`,
    next: 'What is set aside returns to its client.',
    data: { contract },
  });
}

function tooDear({ id, repair }: ContractView, terms: CounterTerms): AppError {
  return new AppError({
    code: 'replace/too-dear',
    message: `The new provider asks ${terms.basePerEpoch} and ${terms.pricePerGiBEpoch}; the client of contract ${id} agreed to ${repair?.maxBasePerEpoch} and ${repair?.maxPricePerGiBEpoch} at most.`,
    next: 'Choose a cheaper provider.',
    data: { contract: id },
  });
}
