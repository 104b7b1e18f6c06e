import { NETWORKS } from '#chain';
import type { Config } from '#config';
import { openOperatorPhrase } from '#gateway';
import { createHttpApp } from '#http';
import { announceReady, type Stop, withDataFolder } from '#lifecycle';
import { createLogger } from '#logging';
import {
  REPAIR_OPENAPI,
  REPAIR_STATUS_TABLE,
  REPAIRER,
  type Repairer,
  repairerNames,
  startAnnounced,
} from '#repair';
import { RepairerAppModule } from './repairer-app-module.js';

/** Starts the repairer and says where it is reached; what it returns stops it. */
export function startRepairer(config: Config): Promise<Stop> {
  const params = NETWORKS[config.network];
  const own = { folder: config.dataDir, holder: 'repairer', protocolVersion: params.protocolVersion };
  return withDataFolder(own, async () => {
    const logger = createLogger({
      app: 'repairer',
      level: config.logLevel,
      format: config.logFormat,
      color: process.stderr.isTTY && config.noColor === undefined,
    });
    const phrase = await openOperatorPhrase(config.dataDir, params, config.passphrase ?? '');
    const running = await createHttpApp(RepairerAppModule.of(config, phrase, logger), {
      host: config.host,
      allowedHosts: repairerNames(config),
      port: config.repairerPort,
      portSetting: 'CAIRN_REPAIRER_PORT',
      logger,
      statusTable: REPAIR_STATUS_TABLE,
      openapi: REPAIR_OPENAPI,
    });
    try {
      const repairer = running.app.get<Repairer>(REPAIRER, { strict: false });
      await startAnnounced(repairer, config, running.url);
      announceReady({ repairer: running.url, address: repairer.address });
      return () => running.close();
    } catch (error) {
      await running.close();
      throw error;
    }
  });
}
