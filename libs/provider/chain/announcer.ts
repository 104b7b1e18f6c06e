import { type EndpointBody, publicKeyToAccountId } from '#chain';
import type { OfferBody } from '#contracts';
import { AppError, type Violation, violationToText } from '#errors';
import type { EndpointView, OfferView } from '#wire';
import type { ProviderContext } from '../provider-context.js';
import type { ChainWatch, Tip } from './chain-watch.js';
import { submitInLane } from './submit.js';

/** Keeps the provider's endpoint and offer on chain: published when missing, changed, or near their end. */
export class Announcer {
  readonly #context: ProviderContext;
  readonly #watch: ChainWatch;
  /** Transactions under way, by what they publish. */
  readonly #pending = new Map<'endpoint' | 'offer', string>();
  #waiting: string | undefined;

  constructor(context: ProviderContext, watch: ChainWatch) {
    this.#context = context;
    this.#watch = watch;
  }

  /** Why the provider is not announced; undefined when it is. */
  get waitingFor(): string | undefined {
    return this.#waiting;
  }

  async sync(tip: Tip): Promise<void> {
    try {
      const { address, ledger } = this.#context;
      const endpoint = await ledger.endpoint({ principal: address });
      if (!this.#isEndpointCurrent(endpoint, tip)) await this.#publish('endpoint', this.#endpointBody());
      const offer = await this.#watch.offerOnChain();
      if (!this.#isOfferCurrent(offer, tip)) await this.#publish('offer', this.#offerBody(tip));
      this.#waiting =
        this.#pending.size === 0 ? undefined : 'endpoint and offer are on their way into a block';
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'ledger/refused') throw error;
      this.#explain(error);
    }
  }

  async #publish(what: 'endpoint' | 'offer', body: EndpointBody | OfferBody): Promise<void> {
    const before = this.#pending.get(what);
    if (before !== undefined) {
      const known = await this.#context.ledger.transaction({ id: before });
      if (known?.status === 'pending') return;
      this.#pending.delete(what);
      // It is in a block that this tip's record does not show yet; the next tip will.
      if (known?.status === 'confirmed') return;
    }
    const id = await submitInLane(this.#context, what, body);
    this.#pending.set(what, id);
    this.#context.logger.info({ transaction: id }, `${what} handed to the node`);
  }

  #isEndpointCurrent(endpoint: EndpointView | null, { height }: Tip): boolean {
    const { terms, publicUrl } = this.#context;
    const isCurrent =
      endpoint !== null &&
      endpoint.addresses.length === 1 &&
      endpoint.addresses[0] === publicUrl() &&
      endpoint.owner === terms.owner &&
      endpoint.region === terms.region &&
      endpoint.expiresAt - height > terms.ttlBlocks / 4;
    if (isCurrent) this.#pending.delete('endpoint');
    return isCurrent;
  }

  #isOfferCurrent(offer: OfferView | null, { height }: Tip): boolean {
    const { terms, address } = this.#context;
    const isCurrent =
      offer !== null &&
      offer.basePerEpoch === String(terms.basePerEpoch) &&
      offer.pricePerGiBEpoch === String(terms.pricePerGiBEpoch) &&
      offer.pricePerGiBRead === String(terms.pricePerGiBRead) &&
      offer.freeReadBytesPerEpoch === String(terms.freeReadBytesPerEpoch) &&
      offer.collateralBps === terms.collateralBps &&
      offer.minEpochs === terms.minEpochs &&
      offer.maxEpochs === terms.maxEpochs &&
      offer.capacityBytes === this.#capacity() &&
      offer.payout === address &&
      offer.expiresAt - height > terms.ttlBlocks / 4;
    if (isCurrent) this.#pending.delete('offer');
    return isCurrent;
  }

  #endpointBody(): EndpointBody {
    const { terms, publicUrl } = this.#context;
    return { addresses: [publicUrl()], owner: terms.owner, region: terms.region, ttlBlocks: terms.ttlBlocks };
  }

  /** Bytes, decimal; 0 withdraws the offer. */
  #capacity(): string {
    return this.#context.records.isDraining() ? '0' : String(this.#context.store.capacityBytes());
  }

  #offerBody({ height }: Tip): OfferBody {
    const { crypto, keys, params, terms } = this.#context;
    return {
      basePerEpoch: terms.basePerEpoch,
      pricePerGiBEpoch: terms.pricePerGiBEpoch,
      pricePerGiBRead: terms.pricePerGiBRead,
      freeReadBytesPerEpoch: terms.freeReadBytesPerEpoch,
      collateralBps: terms.collateralBps,
      minEpochs: terms.minEpochs,
      maxEpochs: terms.maxEpochs,
      capacityBytes: BigInt(this.#capacity()),
      payout: publicKeyToAccountId(crypto, params, keys.publicKey),
      expiresAt: height + terms.ttlBlocks,
    };
  }

  /** Without coins nothing can be published; said once, then shown in the status until coins arrive. */
  #explain(error: AppError): void {
    const violation = error.data['violation'] as Violation | undefined;
    const reason = violation === undefined ? error.message : violationToText(violation);
    const waiting = `the node refuses to publish: ${reason}. Send coins to ${this.#context.address}`;
    if (waiting !== this.#waiting) this.#context.logger.warn({ violation }, waiting);
    this.#waiting = waiting;
  }
}
