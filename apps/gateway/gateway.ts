import { join } from 'node:path';
import { NETWORKS } from '#chain';
import type { Config } from '#config';
import {
  GATEWAY_OPENAPI,
  GATEWAY_STATUS_TABLE,
  GatewayModule,
  isGatewayJson,
  openOperatorPhrase,
} from '#gateway';
import { createHttpApp } from '#http';
import { announceReady, type Stop, withDataFolder } from '#lifecycle';
import { appLogger, ownFolder, splitAppModule } from '#split-form';

/** Starts the gateway on a node of another process; what it returns stops it. */
export function startGateway(config: Config): Promise<Stop> {
  return withDataFolder(ownFolder(config, 'gateway'), async () => {
    const logger = appLogger(config, 'gateway');
    const params = NETWORKS[config.network];
    const phrase = await openOperatorPhrase(config.dataDir, params, config.passphrase ?? '');
    const feature = GatewayModule.of({
      params,
      phrase,
      spoolDir: join(config.dataDir, 'spool'),
      journalFolder: join(config.dataDir, 'client'),
      renewals: {
        bookFile: join(config.dataDir, 'renewals.json'),
        limit: config.renewLimit,
        epochs: config.renewEpochs,
        logger,
      },
      repair: {
        address: config.repairer === 'none' ? undefined : config.repairer,
        reserve: config.repairReserve,
        isOptional: false,
      },
    });
    const module = splitAppModule(config, { app: 'gateway', uses: ['market'], jobs: false, feature }, logger);
    const running = await createHttpApp(module, {
      host: config.host,
      allowedHosts: config.allowedHosts,
      port: config.gatewayPort,
      portSetting: 'CAIRN_GATEWAY_PORT',
      logger,
      statusTable: GATEWAY_STATUS_TABLE,
      isJsonParsed: isGatewayJson,
      openapi: GATEWAY_OPENAPI,
    });
    announceReady({ gateway: running.url });
    return () => running.close();
  });
}
