import { NETWORKS } from '#chain';
import type { Config } from '#config';
import { createHttpApp } from '#http';
import { announceReady, type Stop } from '#lifecycle';
import { createLogger } from '#logging';
import { createNodeClient } from '#node-api';
import { isSimdAvailable } from '#wasm-kernels';
import { minerAddress } from './miner-address.js';
import { MinerAppModule } from './miner-app-module.js';

/** Starts the miner and its operations port; what it returns stops both. */
export async function startMiner(config: Config): Promise<Stop> {
  const logger = createLogger({
    app: 'miner',
    level: config.logLevel,
    format: config.logFormat,
    color: process.stderr.isTTY && config.noColor === undefined,
  });
  const params = NETWORKS[config.network];
  const address = await minerAddress(config, params);
  const module = MinerAppModule.of(createNodeClient({ baseUrl: config.nodeUrl }), {
    params,
    address,
    threads: config.minerThreads,
    share: config.minerShare,
    logger,
  });
  const app = await createHttpApp(module, {
    host: config.host,
    allowedHosts: config.allowedHosts,
    port: config.opsPort,
    portSetting: 'CAIRN_OPS_PORT',
    logger,
  });
  const search = isSimdAvailable() ? 'wasm SIMD' : 'JavaScript';
  logger.info({ address, node: config.nodeUrl, share: config.minerShare, search }, 'mining');
  announceReady({ ops: app.url });
  return () => app.close();
}
