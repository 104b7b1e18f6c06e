import { join } from 'node:path';
import { type DynamicModule, Module } from '@nestjs/common';
import { NETWORKS } from '#chain';
import type { Config } from '#config';
import { createNetworkLaw } from '#contracts';
import { nativeCrypto } from '#crypto-native';
import { JobsModule } from '#jobs';
import type { Logger } from '#logging';
import { MarketModule } from '#market-service';
import { MinerModule } from '#mining';
import { ChainNodeModule, networkOptionsOf } from '#node-server';
import { PayoutsModule } from '#payouts';
import { PlacementModule } from '#placement-service';
import { PoolModule, phraseToPoolKey, poolOptions } from '#pool';
import { RegistryModule } from '#registry';
import { RepairModule, repairerOptions } from '#repair';

/** Everything of one operator that no HTTP request needs to be there: node, jobs, services, miner, repairer. */
@Module({})
export class SiteCoreModule {
  static of(config: Config, minerAddress: string, phrase: string, logger: Logger): DynamicModule {
    const params = NETWORKS[config.network];
    const onError = (error: Error) => logger.warn({ err: error }, 'the job queue met trouble');
    const { redisUrl, dataDir } = config;
    return {
      module: SiteCoreModule,
      imports: [
        ChainNodeModule.of({
          dataDir,
          params,
          databaseUrl: config.databaseUrl,
          isRebuild: config.rebuild === 'on',
          checkInvariants: config.checkInvariants === 'on',
          network: networkOptionsOf(config),
          logger,
        }),
        redisUrl === undefined
          ? JobsModule.embedded({ file: join(dataDir, 'jobs.sqlite'), onError })
          : JobsModule.redis({ redisUrl, onError }),
        PlacementModule.embedded({ params, dataDir, logger }),
        MarketModule.embedded(params),
        RegistryModule.embedded(),
        PayoutsModule.embedded({ params, logger }),
        MinerModule.of({
          params,
          address: minerAddress,
          threads: config.minerThreads,
          share: config.minerShare,
          logger,
        }),
        RepairModule.of(repairerOptions(config, phrase, logger)),
        ...miningServers(config, phrase, logger),
      ],
    };
  }
}

/** Whether hardware of others is served. */
export function servesMiners(config: Config): boolean {
  return config.stratumPort !== undefined || config.miningRpcPort !== undefined;
}

function miningServers(config: Config, phrase: string, logger: Logger): DynamicModule[] {
  if (!servesMiners(config)) return [];
  const law = createNetworkLaw(NETWORKS[config.network], nativeCrypto);
  const key = config.poolScheme === 'solo' ? undefined : phraseToPoolKey(phrase);
  return [PoolModule.of(poolOptions(config, { law, port: config.stratumPort, key, logger }))];
}
