import { Controller, Get, Inject, Module, Param } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { type AccountId, accountIdToAddress, parseAccount } from '#chain';
import { acceptedOrThrow } from '#http';
import { METRICS, type Metrics } from '#metrics';
import { measurePool } from './measure-pool.js';
import type { PoolStatistics } from './pool.js';
import { POOL, type PoolProvider } from './pool-module.js';

/** What a miner may know about itself. */
interface MinerStatus {
  readonly address: string;
  /** Base units. */
  readonly credited: bigint;
  readonly owed: bigint;
  readonly hashRate: number;
  readonly payments: readonly {
    readonly id: string;
    readonly amount: bigint;
    readonly height: number | null;
  }[];
}

/** Blocks and payments that are shown at once. */
const SHOWN = 50;

/** What the pool says about itself. */
@ApiExcludeController()
@Controller('pool')
class PoolStatusController {
  constructor(
    @Inject(POOL) private readonly provider: PoolProvider,
    @Inject(METRICS) metrics: Metrics,
  ) {
    measurePool(provider.pool, metrics);
  }

  @Get('status')
  status(): Promise<PoolStatistics> {
    return this.provider.pool.statistics();
  }

  @Get('blocks')
  blocks(): Promise<unknown> {
    return this.provider.pool.store().recentBlocks(SHOWN);
  }

  @Get('miners/:address')
  async miner(@Param('address') text: string): Promise<MinerStatus> {
    const { pool } = this.provider;
    const account: AccountId = acceptedOrThrow(parseAccount(pool.params, text));
    const { credited, owed } = await pool.store().balance(account);
    const payments = await pool.store().recentPayments(SHOWN, account);
    const workers =
      pool
        .stratum()
        ?.statistics()
        .workers.filter((worker) => worker.account === account) ?? [];
    return {
      address: accountIdToAddress(pool.params, account),
      credited,
      owed,
      hashRate: workers.reduce((sum, { hashRate }) => sum + hashRate, 0),
      payments: payments.map(({ ids, amount, height }) => ({ id: ids.at(-1) ?? '', amount, height })),
    };
  }
}

/** Serves /pool/status, /pool/blocks, /pool/miners/ADDRESS and the pool's metrics; needs POOL and METRICS around it. */
@Module({ controllers: [PoolStatusController] })
export class PoolStatusModule {}
