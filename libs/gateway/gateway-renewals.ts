import type { NetworkParams } from '#chain';
import type { LedgerPort } from '#ledger';
import type { Logger } from '#logging';
import {
  defaultRenewalPolicy,
  keptByCatalogue,
  RenewalBook,
  RenewalRunner,
  type RenewalsView,
  renewByClient,
  reportToView,
} from '#renewals';
import type { FileVault } from './file-vault.js';

/** What automatic renewal of the gateway's contracts works with. */
export interface GatewayRenewalOptions {
  /** Where it is kept what was spent; survives restarts. */
  readonly bookFile: string;
  /** Most that it may spend, base units; undefined: it only warns. */
  readonly limit: bigint | undefined;
  readonly epochs: number;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

/** Looks after the contracts of the gateway's files for as long as the process runs. */
export class GatewayRenewals {
  private readonly stopping = new AbortController();
  private following: Promise<void> | undefined;

  private constructor(private readonly runner: RenewalRunner) {}

  /** @throws AppError `renewals/damaged` */
  static async open(
    ledger: LedgerPort,
    params: NetworkParams,
    vault: FileVault,
    { bookFile, limit, epochs, logger }: GatewayRenewalOptions,
  ): Promise<GatewayRenewals> {
    const book = await RenewalBook.open(bookFile, params.name);
    const policy = defaultRenewalPolicy(params, { limit, epochs });
    const { client } = vault;
    return new GatewayRenewals(
      new RenewalRunner({
        ledger,
        params,
        book,
        policy,
        kept: keptByCatalogue(client),
        renew: renewByClient(client),
        log: logger,
      }),
    );
  }

  start(): void {
    this.following ??= this.runner.follow(this.stopping.signal);
  }

  /** What the last look found; looks now where none was taken yet. */
  async view(): Promise<RenewalsView> {
    return reportToView(this.runner.report ?? (await this.runner.pass(this.stopping.signal)));
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.following;
  }
}
