import type { ClientContext } from '#client';
import { AppError, type Violation, violationToText } from '#errors';
import type { Logger } from '#logging';

/** How long the record holds; it is renewed when a quarter is left. */
const TTL_BLOCKS = 100_000;

export interface AnnouncementOptions {
  readonly context: ClientContext;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

/** Keeps the repairer's endpoint on chain: that is how clients find it by the key their contracts name. */
export class Announcement {
  private pending: string | undefined;
  private why: string | undefined = 'it has not been announced yet';

  constructor(private readonly options: AnnouncementOptions) {}

  /** Why it is not announced; undefined when it is. */
  get waitingFor(): string | undefined {
    return this.why;
  }

  /** Publishes the address when it is missing, another one, or near its end. */
  async sync(url: string, height: number): Promise<void> {
    const { context, logger } = this.options;
    const endpoint = await context.ledger.endpoint({ principal: context.identity.address });
    const isCurrent = endpoint?.addresses[0] === url && endpoint.expiresAt - height > TTL_BLOCKS / 4;
    if (isCurrent) {
      this.pending = undefined;
      this.why = undefined;
      return;
    }
    if (this.pending !== undefined) {
      const known = await context.ledger.transaction({ id: this.pending });
      if (known !== null) return;
    }
    try {
      const body = { addresses: [url], owner: '', region: '', ttlBlocks: TTL_BLOCKS };
      this.pending = (await context.wallet.submit('endpoint', body)).id;
      this.why = 'its endpoint is on its way into a block';
      logger.info({ transaction: this.pending, url }, 'endpoint handed to the node');
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'ledger/refused') throw error;
      this.explain(error);
    }
  }

  /** Without coins nothing can be published, and no replacement either: said once, then shown in the status. */
  private explain(error: AppError): void {
    const { context, logger } = this.options;
    const violation = error.data['violation'] as Violation | undefined;
    const reason = violation === undefined ? error.message : violationToText(violation);
    const waiting = `the node refuses to publish: ${reason}. Send coins to ${context.identity.address}`;
    if (waiting !== this.why) logger.warn({ violation }, waiting);
    this.why = waiting;
  }
}
