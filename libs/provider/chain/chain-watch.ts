import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '#errors';
import type { OfferView } from '#wire';
import type { ProviderContext } from '../provider-context.js';

/** The end of the best chain as the provider last saw it. */
export interface Tip {
  readonly height: number;
  readonly id: string;
}

/** Something to be done when the chain has moved. Called one after the other, never twice at once. */
export type TipListener = (tip: Tip, isReorg: boolean) => Promise<void>;

/** Pause before the node is asked again after a failure. */
const RETRY_MS = 1_000;
/** Looked at without an event, should the stream be silent. */
const POLL_MS = 15_000;

/** Follows the node: calls the listeners at every new tip, and goes on trying while the node is away. */
export class ChainWatch {
  readonly #context: ProviderContext;
  readonly #listeners: TipListener[] = [];
  readonly #stopping = new AbortController();
  #tip: Tip | undefined;
  #unreachable: Error | undefined;
  #offer: { readonly tipId: string; readonly offer: OfferView | null } | undefined;
  #wake: (() => void) | undefined;
  #isReorg = false;
  #loops: Promise<unknown> = Promise.resolve();

  constructor(context: ProviderContext) {
    this.#context = context;
  }

  /** The last tip seen; undefined until the node has answered once. */
  get tip(): Tip | undefined {
    return this.#tip;
  }

  /** Why the node cannot be asked at the moment. */
  get unreachable(): Error | undefined {
    return this.#unreachable;
  }

  onTip(listener: TipListener): void {
    this.#listeners.push(listener);
  }

  start(): void {
    this.#loops = Promise.all([this.#followEvents(), this.#work()]);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake?.();
    await this.#loops;
  }

  /**
   * The provider's own offer as it stands on chain.
   * @throws AppError `provider/no-offer` (the code ends in a 503), and the node's errors
   */
  async currentOffer(): Promise<OfferView> {
    const offer = await this.offerOnChain();
    const isValid = offer !== null && (this.#tip === undefined || offer.expiresAt > this.#tip.height);
    if (isValid && offer.capacityBytes !== '0') return offer;
    throw new AppError({
      code: 'provider/no-offer',
      message: 'this provider has no valid offer on chain yet',
      next: 'try another provider, or this one in a minute; its operator sees the reason with `cairn provider status`',
      data: { provider: this.#context.address },
    });
  }

  /** The offer on chain, asked once for each tip. */
  async offerOnChain(): Promise<OfferView | null> {
    const tipId = this.#tip?.id ?? '';
    if (tipId !== '' && this.#offer?.tipId === tipId) return this.#offer.offer;
    const offer = await this.#context.ledger.offer({ provider: this.#context.address });
    this.#offer = { tipId, offer };
    return offer;
  }

  async #followEvents(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        for await (const event of this.#context.ledger.follow({}, signal)) {
          if (event.type === 'transaction') continue;
          if (event.type === 'reorg') this.#isReorg = true;
          this.#wake?.();
        }
      } catch (error) {
        if (!signal.aborted) this.#context.logger.debug({ err: error }, 'event stream of the node ended');
      }
      await pause(RETRY_MS, signal);
    }
  }

  async #work(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const woken = this.#nextWake(this.#unreachable === undefined ? POLL_MS : RETRY_MS);
      await this.#visit();
      await woken;
    }
  }

  async #visit(): Promise<void> {
    try {
      const { tip } = await this.#context.ledger.status();
      if (this.#unreachable !== undefined) this.#context.logger.info('the node answers again');
      this.#unreachable = undefined;
      const isReorg = this.#isReorg;
      this.#isReorg = false;
      this.#tip = { height: tip.height, id: tip.id };
      for (const listener of this.#listeners) await listener(this.#tip, isReorg);
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      if (!isOfTheNode(error)) throw error;
      if (this.#unreachable === undefined) {
        this.#context.logger.warn({ err: error }, 'the node cannot be asked; fragments are served meanwhile');
      }
      this.#unreachable = error;
    }
  }

  #nextWake(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#stopping.signal.aborted) this.#wake();
    });
  }
}

/** Trouble with our own disk is not the node's fault, and ends the process. */
function isOfTheNode(error: unknown): error is AppError {
  return error instanceof AppError && /^(node|ledger)\//.test(error.code);
}

/** Waits, or less when the signal aborts. */
export async function pause(timeoutMs: number, signal: AbortSignal): Promise<void> {
  await sleep(timeoutMs, undefined, { signal }).catch(() => undefined);
}
