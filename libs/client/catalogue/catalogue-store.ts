import { randomBytes } from 'node:crypto';
import {
  type Catalogue,
  type CataloguePointer,
  decodeCatalogue,
  emptyCatalogue,
  encodeCatalogue,
  fitsPointer,
  openPointer,
  type PointerContext,
  sealPointer,
} from '#catalogue';
import { hexToBytes } from '#crypto';
import { AppError, violationToText } from '#errors';
import {
  decodeManifest,
  encodeManifest,
  type Manifest,
  type RedundancyProfile,
  redundancyProfiles,
} from '#fragments';
import type { CallOptions, ClientContext } from '../context.js';
import { readFile } from '../transfer/download.js';
import { abandonContracts } from '../transfer/form-contracts.js';
import { storeUnderContracts } from '../transfer/store.js';
import { contractsOf, memorySource } from '../transfer/upload.js';
import { assertAffordable, planUpload } from '../transfer/upload-plan.js';
import type { Submitted } from '../wallet/wallet.js';

const MAX_ATTEMPTS = 4;

/** A catalogue as found on the network, with the contracts that keep it. */
export interface LoadedCatalogue {
  readonly catalogue: Catalogue;
  readonly sequence: bigint;
  readonly contracts: readonly string[];
}

/** Finds the catalogue with nothing but the phrase's keys and a node: account -> anchor -> catalogue. */
export async function loadCatalogue(
  context: ClientContext,
  options: CallOptions = {},
): Promise<LoadedCatalogue> {
  const anchor = await context.ledger.anchor({ account: context.identity.account, slot: 'catalogue' });
  if (anchor === null) return { catalogue: emptyCatalogue, sequence: 0n, contracts: [] };
  const sequence = BigInt(anchor.sequence);
  const opened = openPointer(pointerContext(context, sequence), hexToBytes(anchor.pointer));
  if (!opened.ok) {
    throw new AppError({
      code: 'catalogue/unreadable-pointer',
      message: `The anchor of ${context.identity.address} cannot be opened (${violationToText(opened.violation)}).`,
      next: 'Was it written with another phrase or another version of Cairn?',
    });
  }
  const contracts: string[] = [];
  let { level, manifest } = opened.value;
  for (;;) {
    contracts.push(...contractsOf(manifest));
    const bytes = await collect(context, manifest, options).catch(async (error: unknown) => {
      if (await isExpired(context, contractsOf(manifest), error)) return undefined;
      throw error;
    });
    // Nobody paid for it any longer, nor for any file in it: it is kept as long as the file paid for longest.
    if (bytes === undefined) return { catalogue: emptyCatalogue, sequence, contracts: [] };
    if (level === 0) return { catalogue: parseCatalogue(bytes, sequence), sequence, contracts };
    const inner = decodeManifest(bytes);
    if (!inner.ok) throw unreadable(violationToText(inner.violation));
    manifest = inner.value;
    level -= 1;
  }
}

/**
 * Changes the catalogue: loads the newest one, applies the change, stores the result, anchors it. If somebody else
 * anchored meanwhile, all of it is done again on top of theirs. Contracts of the replaced catalogue are ended.
 * @throws AppError `catalogue/outcome-unknown` where the anchor was handed to the node and may still come to be: then
 *   nothing it points to may be ended. After any other error the old catalogue stands.
 */
export async function changeCatalogue(
  context: ClientContext,
  change: (catalogue: Catalogue) => Catalogue,
  options: CallOptions & { epochs: number },
): Promise<{ sequence: bigint; contracts: readonly string[] }> {
  for (let attempt = 1; ; attempt++) {
    const loaded = await loadCatalogue(context, options);
    const sequence = loaded.sequence + 1n;
    const stored = await storeCatalogue(context, { ...change(loaded.catalogue), sequence }, options);
    options.onProgress?.({ stage: 'anchoring', done: 0, total: 1 });
    try {
      await anchorPointer(context, sequence, stored.pointer, options.signal);
    } catch (error) {
      if (isOutcomeUnknown(error)) throw error;
      await abandonContracts(context, stored.contracts);
      if (attempt >= MAX_ATTEMPTS || !isAnchorConflict(error)) throw error;
      continue;
    }
    await abandonContracts(context, loaded.contracts);
    options.onProgress?.({ stage: 'anchoring', done: 1, total: 1 });
    return { sequence, contracts: stored.contracts };
  }
}

/** Whether an anchor may still come to be although waiting for it failed. */
export function isOutcomeUnknown(error: unknown): boolean {
  return error instanceof AppError && error.code === 'catalogue/outcome-unknown';
}

async function anchorPointer(
  context: ClientContext,
  sequence: bigint,
  pointer: CataloguePointer,
  signal: AbortSignal | undefined,
): Promise<void> {
  const nonce = new Uint8Array(randomBytes(24));
  const sealed = sealPointer(pointerContext(context, sequence), pointer, nonce);
  let submitted: Submitted;
  try {
    submitted = await context.wallet.submit('anchor', { slot: 'catalogue', sequence, pointer: sealed });
  } catch (error) {
    // A refusal is certain; a node that did not answer may have taken it.
    throw isRefusal(error) ? error : outcomeUnknown(sequence, error);
  }
  try {
    await context.wallet.confirm(submitted, { signal });
  } catch (error) {
    throw isAnchorConflict(error) ? error : outcomeUnknown(sequence, error);
  }
}

function outcomeUnknown(sequence: bigint, cause: unknown): AppError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new AppError({
    code: 'catalogue/outcome-unknown',
    message: `Catalogue number ${sequence} was handed to the node and is not in a block yet: ${why}`,
    next: 'See `cairn ls` in a while: it shows whether the change came to be. Nothing it needs was given up.',
    cause,
  });
}

/** Stores a catalogue like any file; one that is too large for a pointer is pointed at through another file. */
async function storeCatalogue(
  context: ClientContext,
  catalogue: Catalogue,
  options: CallOptions & { epochs: number },
): Promise<{ pointer: CataloguePointer; contracts: string[] }> {
  const contracts: string[] = [];
  let bytes = encodeCatalogue(catalogue);
  for (let level = 0; ; level++) {
    const manifest = await storeBytes(context, bytes, options);
    contracts.push(...contractsOf(manifest));
    if (fitsPointer(manifest)) return { pointer: { level, manifest }, contracts };
    bytes = encodeManifest(manifest);
  }
}

async function storeBytes(
  context: ClientContext,
  bytes: Uint8Array,
  options: CallOptions & { epochs: number },
): Promise<Manifest> {
  const profile = catalogueProfile(context);
  const plan = await planUpload(context, { sizeBytes: bytes.length, profile, epochs: options.epochs });
  await assertAffordable(context, plan.quote);
  const { signal } = options;
  const { manifest } = await storeUnderContracts(context, memorySource(bytes), plan, { signal });
  return manifest;
}

/** The profile catalogues are kept under: its pointer must fit on chain. */
export function catalogueProfile(context: ClientContext): RedundancyProfile {
  return context.params.name === 'devnet' ? redundancyProfiles.devnet : redundancyProfiles.default;
}

/** Whether a catalogue could not be fetched because its time is over: its providers have deleted it rightly. */
async function isExpired(
  context: ClientContext,
  contracts: readonly string[],
  error: unknown,
): Promise<boolean> {
  if (!(error instanceof AppError) || error.code !== 'fetch/too-few-fragments') return false;
  const { tip } = await context.ledger.status();
  for (const id of contracts) {
    const view = await context.ledger.contract({ id });
    if (view !== null && view.endHeight > tip.height) return false;
  }
  return true;
}

function pointerContext(context: ClientContext, sequence: bigint): PointerContext {
  return { key: context.identity.pointerKey, networkId: context.params.networkId, sequence };
}

async function collect(
  context: ClientContext,
  manifest: Manifest,
  options: CallOptions,
): Promise<Uint8Array> {
  const whole = new Uint8Array(manifest.sizeBytes);
  let at = 0;
  for await (const part of readFile(context, manifest, { signal: options.signal })) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function parseCatalogue(bytes: Uint8Array, sequence: bigint): Catalogue {
  const decoded = decodeCatalogue(bytes);
  if (!decoded.ok) throw unreadable(violationToText(decoded.violation));
  if (decoded.value.sequence !== sequence) {
    throw unreadable(`it is number ${decoded.value.sequence}, the anchor says ${sequence}`);
  }
  return decoded.value;
}

function unreadable(why: string): AppError {
  return new AppError({
    code: 'catalogue/unreadable',
    message: `The catalogue cannot be read: ${why}.`,
    next: 'Use the version of Cairn that wrote it, or a newer one.',
  });
}

function isRefusal(error: unknown): error is AppError {
  return error instanceof AppError && error.code === 'ledger/refused';
}

function isAnchorConflict(error: unknown): boolean {
  if (!isRefusal(error)) return false;
  const violation = error.data['violation'] as { rule?: unknown } | undefined;
  return violation?.rule === 'anchor/sequence';
}
