import type { Config } from '#config';
import { ADMIN_API_OPENAPI, ADMIN_STATUS_TABLE, ExplorerModule } from '#explorer';
import { createHttpApp } from '#http';
import { announceReady, type Stop, withDataFolder } from '#lifecycle';
import { appLogger, ownFolder, splitAppModule } from '#split-form';

/** Starts the admin API and its page on a node of another process; what it returns stops it. */
export function startAdminApi(config: Config): Promise<Stop> {
  return withDataFolder(ownFolder(config, 'admin-api'), async () => {
    const logger = appLogger(config, 'admin-api');
    const uses = ['market', 'placement', 'registry', 'payouts'] as const;
    const module = splitAppModule(
      config,
      { app: 'admin-api', uses, jobs: false, feature: ExplorerModule },
      logger,
    );
    const running = await createHttpApp(module, {
      host: config.host,
      allowedHosts: config.allowedHosts,
      port: config.adminPort,
      portSetting: 'CAIRN_ADMIN_PORT',
      logger,
      statusTable: ADMIN_STATUS_TABLE,
      openapi: ADMIN_API_OPENAPI,
    });
    announceReady({ admin: running.url });
    return () => running.close();
  });
}
