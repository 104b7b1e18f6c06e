import type { FragmentId } from '#chain';
import {
  commitToLeaves,
  divideUp,
  entriesToLeaves,
  type FragmentEntry,
  frontierOf,
  type Leaf,
  priceRevision,
  type Revision,
  type RevisionPrice,
} from '#contracts';
import { hexToBytes } from '#crypto';
import { AppError, violationToText } from '#errors';
import { viewToContractTerms } from '#wire';
import type { CallOptions, ClientContext } from '../context.js';
import type { ProviderSession } from '../providers/provider-session.js';
import { leavesOf, type OwnContract, ownContract, sessionWith } from './own-contract.js';

/** What changes about a contract; nothing stays what it is. */
export interface RevisionChange {
  /** Fragments that the provider has stored for it already. */
  readonly appended?: readonly FragmentEntry[];
  readonly addEpochs?: number;
  /** Base units. */
  readonly addReserve?: bigint;
  /** Base units. */
  readonly addReadEscrow?: bigint;
}

/** A revision on chain. */
export interface Revised {
  readonly number: number;
  readonly transaction: string;
  /** What the client paid besides the fee: into escrow, burned, and into reserve and reads. Base units. */
  readonly cost: bigint;
}

/** A fragment to be stored. */
export interface NewFragment {
  readonly id: FragmentId;
  readonly bytes: Uint8Array;
}

/** How long room for an append is kept, in seconds. */
const ROOM_SECONDS = 900;
/** The burn price moves by at most one part in this many within a period. */
const BURN_STEP_DIVISOR = 8n;

/** Stores further fragments under a contract: sends them, has the change signed, publishes it. */
export async function appendTo(
  context: ClientContext,
  contract: string,
  fragments: readonly NewFragment[],
  options: CallOptions = {},
): Promise<Revised> {
  const own = await ownContract(context, contract);
  const maxBytes = fragments.reduce((sum, { bytes }) => sum + BigInt(bytes.length), 0n);
  const session = await sessionWith(context, own, maxBytes * 2n);
  const expiresAt = BigInt(Math.floor(context.nowMs() / 1000) + ROOM_SECONDS);
  await session.keepRoom(
    { contract: own.id, maxBytes, maxFragments: fragments.length, expiresAt },
    options.signal,
  );
  for (const { id, bytes } of fragments) await session.putFragment(id, bytes, options.signal);
  const appended = fragments.map(({ id, bytes }) => ({ id, lengthBytes: bytes.length }));
  return publish(context, session, own, { appended }, options);
}

/** Makes the term of a contract longer. */
export function extend(
  context: ClientContext,
  contract: string,
  addEpochs: number,
  options: CallOptions = {},
): Promise<Revised> {
  return revise(context, contract, { addEpochs }, options);
}

/** Adds coins for repair or for paid reads. */
export function topUp(
  context: ClientContext,
  contract: string,
  change: Pick<RevisionChange, 'addReserve' | 'addReadEscrow'>,
  options: CallOptions = {},
): Promise<Revised> {
  return revise(context, contract, change, options);
}

/** Has a change signed by the provider and puts it on chain. Where it fails, the contract stays as it is. */
export async function revise(
  context: ClientContext,
  contract: string,
  change: RevisionChange,
  options: CallOptions = {},
): Promise<Revised> {
  const own = await ownContract(context, contract);
  return publish(context, await sessionWith(context, own), own, change, options);
}

async function publish(
  context: ClientContext,
  session: ProviderSession,
  own: OwnContract,
  change: RevisionChange,
  { signal }: CallOptions,
): Promise<Revised> {
  const { appended = [] } = change;
  const leaves = appended.length === 0 ? [] : await leavesOf(context, own.id, own.view);
  const price = await priceChange(context, own, change, leaves);
  const draft = draftRevision(own, change, price);
  const { revision, signatures } = await signed(session, draft, appended, signal);
  const submitted = await context.wallet.submit('revise', {
    revision,
    appended,
    frontier: appended.length === 0 ? [] : frontierOf(context.crypto, leaves),
    clientKey: context.identity.wallet.publicKey,
    providerKey: session.providerKey,
    ...signatures,
  });
  await context.wallet.confirm(submitted, { ...(signal && { signal }) });
  const { addReserve, addReadEscrow } = revision;
  const cost = price.now.escrowAdded + price.now.burn + addReserve + addReadEscrow;
  return { number: revision.number, transaction: submitted.id, cost };
}

/** The provider may have signed another one that never arrived: then the next number is asked for, once. */
async function signed(
  session: ProviderSession,
  revision: Revision,
  appended: readonly FragmentEntry[],
  signal: AbortSignal | undefined,
) {
  try {
    return { revision, signatures: await session.revise(revision, appended, signal) };
  } catch (error) {
    const last = lastNumber(error);
    if (last === undefined || last < revision.number) throw error;
    const next = { ...revision, number: last + 1 };
    return { revision: next, signatures: await session.revise(next, appended, signal) };
  }
}

function lastNumber(error: unknown): number | undefined {
  if (!(error instanceof AppError) || error.data['rule'] !== 'revision/number') return undefined;
  const { last } = (error.data['details'] ?? {}) as { last?: unknown };
  return typeof last === 'number' ? last : undefined;
}

/** What a change makes of the commitment, and its price now and at the highest burn price of the period. */
interface ChangePrice {
  readonly after: Pick<Revision, 'leafCount' | 'totalBytes' | 'totalChunks' | 'root'>;
  readonly now: RevisionPrice;
  readonly maxBurn: bigint;
}

async function priceChange(
  context: ClientContext,
  { view }: OwnContract,
  { appended = [], addEpochs = 0 }: RevisionChange,
  leaves: readonly Leaf[],
): Promise<ChangePrice> {
  const { crypto, ledger, params } = context;
  const added = entriesToLeaves(appended, BigInt(view.totalChunks));
  if (!added.ok) {
    throw new AppError({
      code: added.violation.rule,
      message: `These fragments cannot be appended: ${violationToText(added.violation)}.`,
      data: { violation: added.violation },
    });
  }
  const after =
    appended.length === 0
      ? {
          leafCount: view.leafCount,
          totalBytes: BigInt(view.totalBytes),
          totalChunks: BigInt(view.totalChunks),
          root: hexToBytes(view.root),
        }
      : commitToLeaves(crypto, [...leaves, ...added.value]);
  const burnPrice = BigInt((await ledger.status()).burnPerGiBEpoch);
  const terms = viewToContractTerms(view);
  const revised = { ...after, epochs: view.epochs + addEpochs };
  const highest = burnPrice + divideUp(burnPrice, BURN_STEP_DIVISOR);
  return {
    after,
    now: priceRevision(params, terms, revised, burnPrice),
    maxBurn: priceRevision(params, terms, revised, highest).burn,
  };
}

function draftRevision(
  { id, view }: OwnContract,
  { appended = [], addEpochs = 0, addReserve = 0n, addReadEscrow = 0n }: RevisionChange,
  { after, now, maxBurn }: ChangePrice,
): Revision {
  const left = BigInt(view.collateral);
  const isGrowing = appended.length > 0 || addEpochs > 0;
  return {
    contract: id,
    number: view.revision + 1,
    leafCount: after.leafCount,
    totalBytes: after.totalBytes,
    totalChunks: after.totalChunks,
    root: after.root,
    epochs: view.epochs + addEpochs,
    addReserve,
    addReadEscrow,
    addCollateral: isGrowing && now.minCollateral > left ? now.minCollateral - left : 0n,
    maxBurn,
  };
}
