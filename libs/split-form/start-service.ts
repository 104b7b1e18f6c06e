import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Config } from '#config';
import { listenHttp, prepareHttpApp } from '#http';
import { announceReady, type Stop, withDataFolder } from '#lifecycle';
import { createNestLogger, type Logger } from '#logging';
import { SteadyRedisServer } from '#redis';
import type { ServiceName } from '#services';
import { appLogger, needRedis, ownFolder, type SplitAppOptions, splitAppModule } from './split-app.js';

/** A service as a process of its own. */
export interface ServiceProcess extends Omit<SplitAppOptions, 'app' | 'feature'> {
  readonly app: ServiceName;
  readonly feature: (logger: Logger) => SplitAppOptions['feature'];
}

/** Starts a service that answers over Redis, with health and metrics over HTTP; what it returns stops it. */
export function startService(config: Config, service: ServiceProcess): Promise<Stop> {
  const { app: name } = service;
  const redisUrl = needRedis(config, name);
  return withDataFolder(ownFolder(config, name), async () => {
    const logger = appLogger(config, name);
    const module = splitAppModule(config, { ...service, feature: service.feature(logger) }, logger);
    const app = await NestFactory.create<NestExpressApplication>(module, {
      logger: createNestLogger(logger),
      abortOnError: false,
      bodyParser: false,
      forceCloseConnections: true,
    });
    prepareHttpApp(app, { host: config.host, allowedHosts: config.allowedHosts, logger });
    app.connectMicroservice({ strategy: new SteadyRedisServer(redisUrl) });
    try {
      await app.startAllMicroservices();
    } catch (error) {
      await app.close();
      throw error;
    }
    const running = await listenHttp(app, {
      host: config.host,
      port: config.opsPort,
      portSetting: 'CAIRN_OPS_PORT',
    });
    announceReady({ ops: running.url });
    return () => running.close();
  });
}
