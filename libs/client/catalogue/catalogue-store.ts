import { randomBytes } from 'node:crypto';
import {
  CATALOGUE_VERSION,
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
import { releaseMemory } from '#erasure';
import { AppError, violationToText } from '#errors';
import {
  decodeManifest,
  encodeManifest,
  type Manifest,
  type RedundancyProfile,
  redundancyProfiles,
} from '#fragments';
import type { CallOptions, ClientContext } from '../context.js';
import { contractNow } from '../providers/provider-directory.js';
import { isRefusal, refusedRule } from '../refusal.js';
import { readFile } from '../transfer/download.js';
import { abandonContracts } from '../transfer/form-contracts.js';
import { storeUnderContracts } from '../transfer/store.js';
import { contractsOf, memorySource } from '../transfer/upload.js';
import { assertAffordable, planUpload } from '../transfer/upload-plan.js';
import type { Submitted } from '../wallet/wallet.js';
import { currentHead, type ShownHead, toHead } from './catalogue-head.js';
import type { LoadedCatalogue } from './catalogue-memory.js';
import type { CatalogueHead } from './seen-head.js';

const MAX_ATTEMPTS = 4;

/** How a catalogue is looked for. */
export interface LoadOptions extends CallOptions {
  /** A head that the chain proves: an older one is refused. */
  readonly proven?: CatalogueHead | undefined;
}

/**
 * Finds the catalogue with nothing but the phrase's keys and a node: account -> anchor -> catalogue.
 * @throws AppError `catalogue/rolled-back`, `catalogue/fork`, `catalogue/version`, `catalogue/unreadable-pointer`
 */
export async function loadCatalogue(
  context: ClientContext,
  options: LoadOptions = {},
): Promise<LoadedCatalogue> {
  const head = await currentHead(context, options.proven);
  if (head === undefined) return { catalogue: emptyCatalogue, sequence: 0n, contracts: [] };
  const { last, seen } = context.catalogue;
  if (last !== undefined && isSameHead(last.head, head)) return last.loaded;
  const loaded = await fetchCatalogue(context, head, options);
  await seen.note(head);
  context.catalogue.last = { head, loaded };
  return loaded;
}

async function fetchCatalogue(
  context: ClientContext,
  { sequence, pointer }: ShownHead,
  options: CallOptions,
): Promise<LoadedCatalogue> {
  const opened = openPointer(pointerContext(context, sequence), pointer);
  if (!opened.ok) {
    if (opened.violation.rule === 'manifest/version') throw fromTheFuture(violationToText(opened.violation));
    throw new AppError({
      code: 'catalogue/unreadable-pointer',
      message: `The anchor of ${context.identity.address} cannot be opened (${violationToText(opened.violation)}).`,
      next: 'Was it written with another phrase or another version of Cairn?',
    });
  }
  const contracts: string[] = [];
  const manifests: Manifest[] = [];
  let { level, manifest } = opened.value;
  for (;;) {
    contracts.push(...contractsOf(manifest));
    manifests.push(manifest);
    const bytes = await collect(context, manifest, options).catch(async (error: unknown) => {
      if (await isExpired(context, contractsOf(manifest), error)) return undefined;
      throw error;
    });
    // Nobody paid for it any longer, nor for any file in it: it is kept as long as the file paid for longest.
    if (bytes === undefined) return { catalogue: emptyCatalogue, sequence, contracts: [] };
    if (level === 0) return { catalogue: parseCatalogue(bytes, sequence), sequence, contracts, manifests };
    const inner = decodeManifest(bytes);
    if (!inner.ok) throw unreadable(violationToText(inner.violation));
    manifest = inner.value;
    level -= 1;
  }
}

/** What a change did: the catalogue before it and after it. */
export interface CatalogueChange {
  readonly sequence: bigint;
  readonly before: Catalogue;
  readonly after: Catalogue;
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
  options: CallOptions = {},
): Promise<CatalogueChange> {
  for (let attempt = 1; ; attempt++) {
    const loaded = await loadCatalogue(context, options);
    const sequence = loaded.sequence + 1n;
    const after = { ...change(loaded.catalogue), sequence };
    const epochs = await epochsToKeep(context, after);
    const stored = await storeCatalogue(context, after, { ...options, epochs });
    options.onProgress?.({ stage: 'anchoring', done: 0, total: 1 });
    let sealed: Uint8Array;
    try {
      sealed = await anchorPointer(context, sequence, stored.pointer, options.signal);
    } catch (error) {
      if (isOutcomeUnknown(error)) throw error;
      await abandonContracts(context, stored.contracts);
      if (attempt >= MAX_ATTEMPTS || refusedRule(error) !== 'anchor/sequence') throw error;
      continue;
    }
    const head = toHead(sequence, sealed);
    await context.catalogue.seen.note(head);
    const { contracts, manifests } = stored;
    context.catalogue.last = { head, loaded: { catalogue: after, sequence, contracts, manifests } };
    await abandonContracts(context, loaded.contracts);
    options.onProgress?.({ stage: 'anchoring', done: 1, total: 1 });
    return { sequence, before: loaded.catalogue, after };
  }
}

/** The catalogue is kept as long as the file that is paid for longest. */
async function epochsToKeep(
  { params, ledger }: ClientContext,
  { files, earlier }: Catalogue,
): Promise<number> {
  const { tip } = await ledger.status();
  let longest = tip.height;
  for (const list of [files, earlier]) {
    for (const { paidUntilHeight } of list) longest = Math.max(longest, Number(paidUntilHeight));
  }
  const { epochBlocks, maxEpochs } = params.contract;
  return Math.min(Math.ceil((longest - tip.height) / epochBlocks) + 1, maxEpochs);
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
): Promise<Uint8Array> {
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
    throw refusedRule(error) === 'anchor/sequence' ? error : outcomeUnknown(sequence, error);
  }
  return sealed;
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
): Promise<{ pointer: CataloguePointer; contracts: string[]; manifests: Manifest[] }> {
  const contracts: string[] = [];
  const manifests: Manifest[] = [];
  let bytes = encodeCatalogue(catalogue);
  for (let level = 0; ; level++) {
    const manifest = await storeBytes(context, bytes, options).catch(async (error: unknown) => {
      // The levels below are stored already, and nothing will point at them.
      await abandonContracts(context, contracts);
      throw error;
    });
    contracts.push(...contractsOf(manifest));
    manifests.unshift(manifest);
    if (fitsPointer(manifest)) return { pointer: { level, manifest }, contracts, manifests };
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
    // What it was renewed or replaced by counts.
    const view = await contractNow(context.ledger, id);
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
    releaseMemory(part);
  }
  return whole;
}

function parseCatalogue(bytes: Uint8Array, sequence: bigint): Catalogue {
  const decoded = decodeCatalogue(bytes);
  if (!decoded.ok) {
    const why = violationToText(decoded.violation);
    const isNewer = decoded.violation.rule === 'catalogue/version' && (bytes[0] ?? 0) > CATALOGUE_VERSION;
    throw isNewer ? fromTheFuture(why) : unreadable(why);
  }
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

function fromTheFuture(why: string): AppError {
  return new AppError({
    code: 'catalogue/version',
    message: `The list of files was written by a newer version of Cairn (${why}).`,
    next: 'Use that version or a newer one: this one would lose what it cannot read.',
  });
}

function isSameHead(a: CatalogueHead, b: CatalogueHead): boolean {
  return a.sequence === b.sequence && a.pointerHash === b.pointerHash;
}
