import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '#errors';
import type { LedgerPort } from '#ledger';
import type { Logger } from '#logging';

/** Pause before the node is asked again after a failure. */
const RETRY_MS = 1_000;
/** Looked at without an event, should the stream be silent. */
const POLL_MS = 15_000;

export interface TipFollowerOptions {
  readonly ledger: Pick<LedgerPort, 'status' | 'follow'>;
  readonly logger: Pick<Logger, 'warn' | 'info' | 'debug'>;
  /** Called one after the other; a tip that passes meanwhile is skipped. */
  readonly onTip: (height: number, isReorg: boolean, signal: AbortSignal) => Promise<void>;
}

/** Calls a listener at every new tip, and goes on trying while the node is away. */
export class TipFollower {
  private readonly stopping = new AbortController();
  private wake: (() => void) | undefined;
  private isReorg = false;
  private isAway = false;
  private last: number | undefined;
  private loops: Promise<unknown> | undefined;

  constructor(private readonly options: TipFollowerOptions) {}

  get height(): number | undefined {
    return this.last;
  }

  start(): void {
    this.loops ??= Promise.all([this.followEvents(), this.work()]);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.wake?.();
    await this.loops;
  }

  /** Has the listener called again although nothing happened on the chain. */
  nudge(): void {
    this.wake?.();
  }

  private async followEvents(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        for await (const event of this.options.ledger.follow({}, signal)) {
          if (event.type === 'transaction') continue;
          if (event.type === 'reorg') this.isReorg = true;
          this.wake?.();
        }
      } catch (error) {
        if (!signal.aborted && !(error instanceof AppError)) throw error;
        this.options.logger.debug({ err: error }, 'event stream of the node ended');
      }
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private async work(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const woken = this.nextWake(this.isAway ? RETRY_MS : POLL_MS);
      await this.visit(signal);
      await woken;
    }
  }

  private async visit(signal: AbortSignal): Promise<void> {
    const { ledger, logger, onTip } = this.options;
    try {
      const { tip } = await ledger.status();
      const isReorg = this.isReorg;
      this.isReorg = false;
      this.last = tip.height;
      await onTip(tip.height, isReorg, signal);
      if (this.isAway) logger.info({}, 'the node answers again');
      this.isAway = false;
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof AppError)) throw error;
      if (!this.isAway) logger.warn({ err: error }, 'the node cannot be asked; repairs wait');
      this.isAway = true;
    }
  }

  private nextWake(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.stopping.signal.aborted) this.wake();
    });
  }
}
