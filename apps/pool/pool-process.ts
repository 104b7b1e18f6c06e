import { NETWORKS } from '#chain';
import type { Config } from '#config';
import { createNetworkLaw } from '#contracts';
import { nativeCrypto } from '#crypto-native';
import { openOperatorPhrase } from '#gateway';
import { createHttpApp, type RunningHttpApp } from '#http';
import { announceReady, type Stop, withDataFolder } from '#lifecycle';
import { createNodeClient } from '#node-api';
import {
  miningAddresses,
  POOL,
  type PoolProvider,
  phraseToPoolKey,
  poolOptions,
  startMiningRpc,
} from '#pool';
import { appLogger, ownFolder } from '#split-form';
import { PoolAppModule } from './pool-app-module.js';

/** Where the pool listens when nothing else is said: the port miners' manuals use. */
const DEFAULT_STRATUM_PORT = 3333;

/** Starts the pool, its operations port and, where its port is set, getblocktemplate; what it returns stops all. */
export function startPool(config: Config): Promise<Stop> {
  return withDataFolder(ownFolder(config, 'pool'), async () => {
    const logger = appLogger(config, 'pool');
    const params = NETWORKS[config.network];
    const isShared = config.poolScheme !== 'solo';
    const phrase = isShared
      ? await openOperatorPhrase(config.dataDir, params, config.passphrase ?? '')
      : undefined;
    const node = createNodeClient({ baseUrl: config.nodeUrl, timeoutMs: config.requestTimeoutMs });
    const options = poolOptions(config, {
      law: createNetworkLaw(params, nativeCrypto),
      port: config.stratumPort ?? DEFAULT_STRATUM_PORT,
      key: phrase === undefined ? undefined : phraseToPoolKey(phrase),
      logger,
    });
    const app = await createHttpApp(PoolAppModule.of(node, options), {
      host: config.host,
      allowedHosts: config.allowedHosts,
      port: config.opsPort,
      portSetting: 'CAIRN_OPS_PORT',
      logger,
    });
    let rpc: RunningHttpApp | undefined;
    const stop = async (): Promise<void> => {
      await rpc?.close();
      await app.close();
    };
    try {
      const { pool, port } = app.app.get<PoolProvider>(POOL, { strict: false });
      rpc = await startMiningRpc(config, { ledger: node, pool, logger });
      announceReady({ ops: app.url, ...miningAddresses(config, port, rpc) });
      return stop;
    } catch (error) {
      await stop();
      throw error;
    }
  });
}
