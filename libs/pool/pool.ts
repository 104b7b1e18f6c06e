import { join } from 'node:path';
import {
  type AccountId,
  accountIdToAddress,
  addressToAccountId,
  type Law,
  type NetworkParams,
  targetToWork,
} from '#chain';
import type { KeyPair } from '#crypto';
import { AppError, violationToText } from '#errors';
import type { LedgerPort } from '#ledger';
import type { Logger } from '#logging';
import type { MiningRpc } from '#mining-rpc';
import { createWorkSource, targetToDifficulty, type WorkSource } from '#mining-work';
import {
  createStratumServer,
  type FoundBlock,
  type StratumLimits,
  type StratumServer,
  type StratumStatistics,
} from '#stratum';
import { MaturedBlocks } from './matured-blocks.js';
import { Payouts } from './payouts.js';
import { PoolStore, type PoolTotals } from './pool-store.js';
import type { PayoutScheme } from './reward-split.js';

export interface PoolOptions {
  readonly ledger: LedgerPort;
  readonly law: Law;
  /** The pool keeps its file in `pool/` below it. */
  readonly dataDir: string;
  readonly host: string;
  /** Of the Stratum server; 0: any free one; undefined: there is none, the pool only has work for getblocktemplate. */
  readonly port: number | undefined;
  readonly scheme: PayoutScheme;
  /** The pool's wallet; needed unless the scheme is `solo`. */
  readonly key?: KeyPair;
  readonly feeBps: bigint;
  readonly minPayout: bigint;
  readonly sharesPerMinute: number;
  /** Difficulty of a new connection; default: by the network. */
  readonly startDifficulty?: number | undefined;
  readonly logger?: Pick<Logger, 'info' | 'warn' | 'debug'>;
  readonly limits?: Partial<StratumLimits>;
  /** How often payouts are looked at besides at every block. Default 30,000. */
  readonly payoutMs?: number;
}

/** What the pool says about itself. */
export interface PoolStatistics {
  readonly scheme: PayoutScheme;
  readonly address: string | null;
  readonly stratum: StratumStatistics | null;
  readonly totals: PoolTotals;
}

/** Hash power of strangers on a ledger known by its port. */
export interface Pool {
  readonly params: NetworkParams;
  readonly work: WorkSource;
  /** Where getblocktemplate is served on the same work: measured with the pool. */
  miningRpc: MiningRpc | undefined;
  /** @throws AppError `listen/port-taken`, `pool/no-wallet`, `pool/store-corrupt` and their kin */
  start(): Promise<{ readonly port: number | undefined }>;
  /** Takes no more shares, keeps those under way, ends. Idempotent. */
  stop(): Promise<void>;
  statistics(): Promise<PoolStatistics>;
  isRunning(): boolean;
  /** Only while it runs. @throws AppError `pool/not-running` */
  store(): PoolStore;
  /** Undefined where there is none, and while it does not run. */
  stratum(): StratumServer | undefined;
}

/** A first difficulty that a CPU meets in seconds and from which a large machine is away in a moment. */
const START_DIFFICULTY = 1;
/** On a devnet a block takes some 4,096 hashes: a share takes a million. */
const DEVNET_START_DIFFICULTY = 2 ** -12;

export function createPool(options: PoolOptions): Pool {
  return new SmallPool(options);
}

class SmallPool implements Pool {
  readonly work: WorkSource;
  readonly params: NetworkParams;
  miningRpc: MiningRpc | undefined;
  private opened: { readonly store: PoolStore; readonly server: StratumServer | undefined } | undefined;
  private payouts: Payouts | undefined;
  private matured: MaturedBlocks | undefined;
  private payoutTimer: NodeJS.Timeout | undefined;
  private paying: Promise<void> | undefined;
  private isPayoutDue = false;
  private readonly blocksUnderWay = new Set<Promise<void>>();
  private stopped: Promise<void> | undefined;

  constructor(private readonly options: PoolOptions) {
    const { ledger, law, logger } = options;
    this.params = law.params;
    this.work = createWorkSource({ ledger, params: law.params, ...withLogger(logger) });
  }

  async start(): Promise<{ readonly port: number | undefined }> {
    const { options } = this;
    const store = await PoolStore.open(join(options.dataDir, 'pool', 'pool.sqlite'));
    try {
      this.payouts = this.createPayouts(store);
      const { ledger, law, scheme, feeBps, logger } = options;
      const account = this.payouts?.account;
      this.matured = new MaturedBlocks({
        ledger,
        law,
        store,
        account,
        scheme,
        feeBps,
        ...withLogger(logger),
      });
      const server = options.port === undefined ? undefined : this.createServer(store, options.port);
      this.opened = { store, server };
      this.work.start();
      const listening = await server?.start();
      this.work.onChange((_, change) => change === 'tip' && this.payOut());
      this.payoutTimer = setInterval(() => this.payOut(), options.payoutMs ?? 30_000);
      this.payOut();
      return { port: listening?.port };
    } catch (error) {
      await this.work.stop();
      await store.close();
      throw error;
    }
  }

  stop(): Promise<void> {
    this.stopped ??= this.end();
    return this.stopped;
  }

  async statistics(): Promise<PoolStatistics> {
    const { scheme } = this.options;
    const account = this.payouts?.account;
    const address = account === undefined ? null : accountIdToAddress(this.params, account);
    return {
      scheme,
      address,
      stratum: this.stratum()?.statistics() ?? null,
      totals: await this.store().totals(),
    };
  }

  isRunning(): boolean {
    return this.opened !== undefined && this.stopped === undefined;
  }

  store(): PoolStore {
    if (this.opened !== undefined) return this.opened.store;
    throw new AppError({
      code: 'pool/not-running',
      message: 'the pool does not run yet',
      next: 'ask again in a moment',
    });
  }

  stratum(): StratumServer | undefined {
    return this.opened?.server;
  }

  private async end(): Promise<void> {
    clearInterval(this.payoutTimer);
    await this.opened?.server?.stop();
    await this.work.stop();
    await Promise.all(this.blocksUnderWay);
    await this.paying;
    await this.opened?.store.close();
  }

  private createPayouts(store: PoolStore): Payouts | undefined {
    const { ledger, law, scheme, key, minPayout, logger } = this.options;
    if (scheme === 'solo') return undefined;
    if (key === undefined) {
      throw new AppError({
        code: 'pool/no-wallet',
        message: `the pool shares what it earns (${scheme}) and has no wallet to be paid to and to pay from`,
        next: 'make a keystore in its data folder with `cairn keys new` and give CAIRN_PASSPHRASE, or set CAIRN_POOL_SCHEME to solo',
      });
    }
    return new Payouts({ ledger, law, store, key, minPayout, ...withLogger(logger) });
  }

  private createServer(store: PoolStore, port: number): StratumServer {
    const { options, params } = this;
    const isPaced = params.proofOfWork.adjustment === 'constant';
    const poolAccount = this.payouts?.account;
    return createStratumServer({
      host: options.host,
      port,
      work: this.work,
      payee: {
        account: (address) => addressToAccountId(params, address),
        paidTo: (account: AccountId) => poolAccount ?? account,
      },
      sink: store.sink(({ solution }) => targetToWork(solution.work.target)),
      onBlock: (block) => this.found(block),
      startDifficulty: options.startDifficulty ?? (isPaced ? DEVNET_START_DIFFICULTY : START_DIFFICULTY),
      sharesPerMinute: options.sharesPerMinute,
      mayExceedNetwork: isPaced,
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      ...withLogger(options.logger),
    });
  }

  private found(block: FoundBlock): void {
    const done = this.handIn(block);
    this.blocksUnderWay.add(done);
    done.finally(() => this.blocksUnderWay.delete(done));
  }

  private async handIn(block: FoundBlock): Promise<void> {
    const { logger } = this.options;
    const { blockId, height, share } = block;
    const outcome = await this.work.submit(block.solution);
    const difficulty = targetToDifficulty(block.solution.work.target);
    if (outcome.kind === 'accepted') {
      logger?.info({ height, id: blockId, worker: share.worker, difficulty }, 'pool: found a block');
      return;
    }
    if (outcome.kind === 'lost') {
      // It may have arrived all the same: what the chain says at maturity counts.
      logger?.warn({ height, id: blockId, err: outcome.error }, 'pool: a block could not be handed in');
      return;
    }
    const why = outcome.kind === 'refused' ? violationToText(outcome.violation) : outcome.kind;
    logger?.debug({ height, id: blockId, why }, 'pool: a block came too late or was refused');
    try {
      await this.store().refused(blockId, why);
    } catch (error) {
      // Left open it is found to be on no branch at maturity.
      if (!(error instanceof AppError)) throw error;
      logger?.warn({ err: error }, 'pool: could not write down that a block was refused');
    }
  }

  /** Rounds of payouts never overlap; one that becomes due meanwhile follows. */
  private payOut(): void {
    this.isPayoutDue = true;
    this.paying ??= this.payOutWhileDue().finally(() => {
      this.paying = undefined;
    });
  }

  private async payOutWhileDue(): Promise<void> {
    while (this.isPayoutDue && this.stopped === undefined) {
      this.isPayoutDue = false;
      try {
        await this.matured?.run(Date.now());
        await this.payouts?.run(Date.now());
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        this.options.logger?.warn({ err: error }, 'pool: payouts wait for better times');
      }
    }
  }
}

function withLogger(logger: PoolOptions['logger']): { logger?: NonNullable<PoolOptions['logger']> } {
  return logger === undefined ? {} : { logger };
}
