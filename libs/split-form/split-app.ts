import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { NETWORKS } from '#chain';
import type { AppName, Config } from '#config';
import { AppError } from '#errors';
import { type HealthCheck, HealthModule } from '#health';
import { JobsModule } from '#jobs';
import { LEDGER, LedgerModule, type LedgerPort } from '#ledger';
import type { ProcessFolder } from '#lifecycle';
import { createLogger, type Logger } from '#logging';
import { MetricsModule } from '#metrics';
import { createNodeClient } from '#node-api';
import {
  RemoteServicesModule,
  SERVICE_CLIENT,
  type ServiceClient,
  type ServiceName,
  serviceHealthChecks,
} from '#services';

export interface SplitAppOptions {
  readonly app: AppName;
  /** Services it asks over Redis. */
  readonly uses: readonly ServiceName[];
  /** Whether it has jobs. */
  readonly jobs: boolean;
  /** What it is there for. */
  readonly feature: NonNullable<ModuleMetadata['imports']>[number];
}

/** The logger of a process by its settings. */
export function appLogger(config: Config, app: AppName): Logger {
  return createLogger({
    app,
    level: config.logLevel,
    format: config.logFormat,
    color: process.stderr.isTTY && config.noColor === undefined,
  });
}

/** The data folder of a process by its settings. */
export function ownFolder(config: Config, app: AppName): ProcessFolder {
  const { protocolVersion } = NETWORKS[config.network];
  return { folder: config.dataDir, holder: app, protocolVersion };
}

/** The Redis this process needs. @throws AppError `config/redis-needed` */
export function needRedis(config: Config, app: AppName): string {
  if (config.redisUrl !== undefined) return config.redisUrl;
  throw new AppError({
    code: 'config/redis-needed',
    message: `${app} as a process of its own talks to the other apps over Redis, and REDIS_URL is not set`,
    next: 'set REDIS_URL (redis://127.0.0.1:6379), or run the site app, which is all of them in one process and needs no Redis',
    data: { setting: 'REDIS_URL' },
  });
}

/** A stop waits no longer than this for a Redis that is gone. */
const REDIS_PATIENCE_MS = 3_000;

@Module({})
class SplitAppModule {}

/** An app of the split form around its feature: LEDGER over HTTP, the services it uses over Redis, jobs, health, metrics. */
export function splitAppModule(config: Config, options: SplitAppOptions, logger: Logger): DynamicModule {
  const redisUrl = needRedis(config, options.app);
  const { uses } = options;
  return {
    module: SplitAppModule,
    imports: [
      LedgerModule.remote(createNodeClient({ baseUrl: config.nodeUrl, timeoutMs: config.requestTimeoutMs })),
      RemoteServicesModule.of({ redisUrl, timeoutMs: config.requestTimeoutMs }, uses),
      ...(options.jobs
        ? [
            JobsModule.redis({
              redisUrl,
              patienceMs: REDIS_PATIENCE_MS,
              onError: (error) => logger.warn({ err: error }, 'the job queue met trouble'),
            }),
          ]
        : []),
      options.feature,
      MetricsModule.forApp(options.app),
      HealthModule.from({
        inject: [LEDGER, SERVICE_CLIENT],
        useFactory: (ledger: LedgerPort, client: ServiceClient): HealthCheck[] => [
          { name: 'chain-node', check: async () => void (await ledger.status()) },
          { name: 'redis', check: () => client.assertRedis() },
          ...serviceHealthChecks(client, uses),
        ],
      }),
    ],
  };
}
