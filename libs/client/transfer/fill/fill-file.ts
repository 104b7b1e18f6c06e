import type { ContractId } from '#chain';
import { bytesToHex, hexToBytes } from '#crypto';
import { AppError, violationToText } from '#errors';
import { isPlaced, type Manifest, type ManifestSegment, notPlaced, planOfManifest } from '#fragments';
import type { Quote } from '#market';
import { type Candidate, choosePlacement, failureDomain, OccupiedDomains } from '#placement';
import type { OfferView } from '#wire';
import type { CallOptions, ClientContext } from '../../context.js';
import { depositsOf } from '../../contracts/contract-deposits.js';
import { checkFile } from '../../health/file-health.js';
import type { DealLimits } from '../../negotiation/deal-limits.js';
import { contractNow } from '../../providers/provider-directory.js';
import { agreeWithAll } from '../agree.js';
import { formContracts } from '../form-contracts.js';
import { FragmentReader } from '../fragment-reader.js';
import { HolderSlots } from '../holder-slots.js';
import { PlacementBook } from '../placement-book.js';
import { assertAffordable, type Deposits, quoteHolders, type UploadPlan } from '../upload-plan.js';
import { withdrawAll } from '../upload-slot.js';
import { fillMissing } from './fill-missing.js';

const FILL_WITHIN_MS = 12 * 3600 * 1000;

/** How gaps are filled. */
export interface FillOptions extends CallOptions {
  /** The file is paid for until then: so are the new contracts. */
  readonly paidUntilHeight: number;
  readonly limits?: DealLimits;
  readonly deposits?: Deposits;
  /** Called with about what it costs before anything is paid; throw to refuse. */
  readonly onQuote?: (quote: Quote) => void | Promise<void>;
}

/** A file whose gaps were filled as far as possible. */
export interface FilledManifest {
  readonly manifest: Manifest;
  /** Fragments that were missing, or whose holder does not prove that it has them. */
  readonly lost: number;
  /** Of these, stored with somebody else now. */
  readonly placed: number;
  /** Contracts formed for them. */
  readonly formed: readonly string[];
  /** Contracts that the manifest names no longer. */
  readonly released: readonly string[];
  /** Why not more could be done. */
  readonly reasons: readonly string[];
}

/**
 * Finds fragments that nobody holds, or whose holders do not prove now that they do, rebuilds them from any k others and
 * stores them under new contracts with providers in failure domains of their own. Nothing is paid where nothing could be
 * placed.
 * @throws AppError `fill/term-over`, `placement/too-few-providers`, `wallet/too-little`
 */
export async function fillManifest(
  context: ClientContext,
  manifest: Manifest,
  options: FillOptions,
): Promise<FilledManifest> {
  const filling = new Filling(context, manifest, options);
  return filling.run();
}

class Filling {
  private readonly book: PlacementBook;
  /** Contracts that hold what they should. */
  private readonly healthy = new Set<ContractId>();
  private readonly reasons: string[] = [];
  /** Accounts of providers that did not prove what they should have. */
  private readonly failing = new Set<string>();

  constructor(
    private readonly context: ClientContext,
    private readonly manifest: Manifest,
    private readonly options: FillOptions,
  ) {
    this.book = new PlacementBook(manifest.profile);
  }

  async run(): Promise<FilledManifest> {
    const { manifest, book, options } = this;
    const candidates = await this.context.providers.candidates();
    const domains = await this.findHealthy(candidates);
    const missing = book.missing();
    const lost = missing.reduce((sum, { fragments }) => sum + fragments.length, 0);
    const unchanged = { manifest, lost, placed: 0, formed: [], released: [] };
    if (lost === 0) return { ...unchanged, reasons: [] };
    const upload = await this.plan(candidates, domains);
    const halt = new AbortController();
    const signal =
      options.signal === undefined ? halt.signal : AbortSignal.any([options.signal, halt.signal]);
    const slots = await HolderSlots.open(this.context, upload, book, {
      signal,
      isOpenEnded: false,
      isLasting: false,
      adopted: [],
    });
    try {
      const placed = await this.fill(slots, signal);
      const formed = placed === 0 ? new Set<string>() : await this.pay(upload, slots, signal);
      if (formed.size === 0) {
        return { ...unchanged, reasons: this.allReasons(slots) };
      }
      const filled = this.filledManifest();
      const named = new Set(contractsIn(filled));
      const left = book.missing().reduce((sum, { fragments }) => sum + fragments.length, 0);
      return {
        manifest: filled,
        lost,
        placed: lost - left,
        formed: [...formed],
        released: contractsIn(manifest).filter((contract) => !named.has(contract)),
        reasons: left === 0 ? [] : this.allReasons(slots),
      };
    } finally {
      halt.abort();
      await slots.stop();
      await withdrawAll([...slots.all].filter(({ contract }) => !this.healthy.has(contract)));
    }
  }

  /** Puts into the book what holders prove to have; answers their failure domains. */
  private async findHealthy(candidates: readonly Candidate[]): Promise<OccupiedDomains> {
    const { context, manifest, book, options } = this;
    const byAccount = new Map(candidates.map((candidate) => [candidate.offer.provider, candidate]));
    const { holders } = await checkFile(context, manifest, options);
    const domains = new OccupiedDomains();
    for (const { contract, ok, why } of holders) {
      const view = await contractNow(context.ledger, contract);
      const isRunning = view?.status === 'active' && view.endEpoch === view.epochs;
      if (!ok || view === null || !isRunning) {
        if (view !== null) this.failing.add(view.provider);
        this.reasons.push(`${view?.providerAddress ?? contract}: ${why ?? 'its contract ends'}`);
        continue;
      }
      const candidate = byAccount.get(view.provider);
      const domain = candidate === undefined ? [view.provider] : failureDomain(context.params, candidate);
      this.healthy.add(contract as ContractId);
      domains.add(domain);
      book.addContract(contract as ContractId, domain);
    }
    for (const [index, { holders: named, ...shape }] of manifest.segments.entries()) {
      book.addSegment(index, shape);
      for (const [fragment, holder] of named.entries()) {
        const contract = bytesToHex(holder) as ContractId;
        if (!this.healthy.has(contract) || !book.canPlace(index, fragment, contract)) continue;
        book.place(index, fragment, contract);
      }
    }
    return domains;
  }

  /** Who could take what is missing, and at which price. */
  /** As the file's other contracts, so that whoever repairs those repairs these; as new files where they name nobody. */
  private async deposits(offers: readonly OfferView[]): Promise<Deposits> {
    const { context, manifest, options } = this;
    if (options.deposits !== undefined) return options.deposits;
    const before = await depositsOf(context, manifest);
    return before.repair === undefined ? context.deposits(offers) : before;
  }

  private async plan(candidates: readonly Candidate[], occupied: OccupiedDomains): Promise<UploadPlan> {
    const { context, manifest, book, options } = this;
    const { params, ledger } = context;
    const planned = planOfManifest(manifest);
    if (!planned.ok)
      throw new AppError({ code: 'manifest/invalid', message: violationToText(planned.violation) });
    const height = (await ledger.status()).tip.height;
    const epochs = epochsUntil(params.contract, options.paidUntilHeight - height);
    const perPosition = new Map<number, { bytes: bigint; count: number }>();
    for (const { segment, fragments } of book.missing()) {
      const { fragmentLength } = book.shape(segment);
      for (const position of fragments) {
        const { bytes, count } = perPosition.get(position) ?? { bytes: 0n, count: 0 };
        perPosition.set(position, { bytes: bytes + BigInt(fragmentLength), count: count + 1 });
      }
    }
    const needs = [...perPosition.values()];
    const bytesPerHolder = needs.reduce((most, { bytes }) => (bytes > most ? bytes : most), 0n);
    const fragmentsPerHolder = Math.max(...needs.map(({ count }) => count));
    const placement = choosePlacement(params, candidates, { bytesPerHolder, epochs, height, occupied });
    const isFailing = ({ offer }: Candidate): number => (this.failing.has(offer.provider) ? 1 : 0);
    const usable = [...placement.usable].sort((a, b) => isFailing(a) - isFailing(b));
    if (usable.length === 0) throw nobodyLeft(needs.length, placement.refusals);
    const items = usable.slice(0, needs.length).map(({ offer }, at) => ({
      offer,
      totalBytes: needs[at]?.bytes ?? 0n,
      fragmentCount: needs[at]?.count ?? 0,
    }));
    const deposits = await this.deposits(items.map(({ offer }) => offer));
    const quote = await quoteHolders(context, items, epochs, deposits);
    await options.onQuote?.(quote);
    await assertAffordable(context, quote);
    const { limits = {} } = options;
    const plan = planned.value;
    return {
      plan,
      epochs,
      height,
      candidates: usable,
      bytesPerHolder,
      fragmentsPerHolder,
      quote,
      limits,
      deposits,
    };
  }

  private async fill(slots: HolderSlots, signal: AbortSignal): Promise<number> {
    const { context, manifest, book, options } = this;
    const reader = new FragmentReader(context);
    const { k } = manifest.profile;
    const filled = await fillMissing(
      {
        context,
        book,
        slots,
        repairKey: manifest.repairKey,
        signal,
        gather: (segment, until) => reader.fetchSegment(this.readable(segment), k, until),
        onProgress: (done, total) => options.onProgress?.({ stage: 'sealing', done, total }),
      },
      { withinMs: FILL_WITHIN_MS },
    );
    this.reasons.push(...filled.failures.map(({ message }) => message));
    return filled.placed;
  }

  /** Asks only those who proved that they are there, unless they are too few. */
  private readable(index: number): ManifestSegment {
    const segment = this.manifest.segments[index] as ManifestSegment;
    if (this.book.placedCount(index) < this.manifest.profile.k) return segment;
    const holders = segment.holders.map((holder) =>
      this.healthy.has(bytesToHex(holder) as ContractId) ? holder : notPlaced,
    );
    return { ...segment, holders };
  }

  private async pay(upload: UploadPlan, slots: HolderSlots, signal: AbortSignal): Promise<Set<string>> {
    const { context, book, healthy } = this;
    const agreed = await agreeWithAll({ context, upload, book, slots, signal }, healthy, this.options);
    const { formed, refused } = await formContracts(context, agreed, { ...this.options, signal });
    this.reasons.push(...refused.map(({ message }) => message));
    for (const contract of formed) healthy.add(contract as ContractId);
    book.keepOnly((contract) => healthy.has(contract));
    return new Set(formed);
  }

  /** Where nobody took over, the holder of before stays named: it may come back. */
  private filledManifest(): Manifest {
    const { book, manifest } = this;
    const segments = manifest.segments.map((segment, index) => ({
      ...segment,
      holders: segment.holders.map((before, fragment) => {
        const now = book.holdersOf(index)[fragment];
        return now === undefined ? before : hexToBytes(now);
      }),
    }));
    return { ...manifest, segments };
  }

  private allReasons(slots: HolderSlots): string[] {
    const refusals = slots.reasons.map(({ provider, why }) => `${provider}: ${why}`);
    return [...new Set([...this.reasons, ...refusals])];
  }
}

function epochsUntil(
  { epochBlocks, minEpochs, maxEpochs }: { epochBlocks: number; minEpochs: number; maxEpochs: number },
  blocks: number,
): number {
  if (blocks <= 0) {
    throw new AppError({
      code: 'fill/term-over',
      message: 'What was paid for is over: there is nothing to fill up.',
      next: 'Renew the file while its providers still have it, or store it again.',
    });
  }
  return Math.min(maxEpochs, Math.max(minEpochs, Math.ceil(blocks / epochBlocks)));
}

function nobodyLeft(
  needed: number,
  refusals: readonly { readonly provider: string; readonly why: string }[],
): AppError {
  const some = refusals.slice(0, 5).map(({ provider, why }) => `${provider}: ${why}`);
  const because = some.length === 0 ? '' : ` Not used: ${some.join('; ')}.`;
  return new AppError({
    code: 'placement/too-few-providers',
    message: `${needed} providers in failure domains of their own are needed to fill gaps; none can be used.${because}`,
    next: 'Wait for more providers, or for those that are away.',
    data: { needed, found: 0 },
  });
}

function contractsIn({ segments }: Manifest): string[] {
  const ids = new Set<string>();
  for (const { holders } of segments) {
    for (const holder of holders) if (isPlaced(holder)) ids.add(bytesToHex(holder));
  }
  return [...ids];
}
