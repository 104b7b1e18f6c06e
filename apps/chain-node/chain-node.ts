import { join } from 'node:path';
import { NETWORKS } from '#chain';
import type { Config } from '#config';
import { createHttpApp } from '#http';
import { serveLedgerOnRedis } from '#ledger-transport';
import { announceReady, type Stop, withDataFolder } from '#lifecycle';
import { createLogger } from '#logging';
import {
  NETWORK,
  NODE_BODY_LIMIT_BYTES,
  NODE_OPENAPI,
  NODE_STATUS_TABLE,
  type NodeNetwork,
  networkOptionsOf,
} from '#node-server';
import { ChainNodeAppModule } from './chain-node-app-module.js';

/** Starts the node and says where it is reached; what it returns stops it. */
export async function startChainNode(config: Config): Promise<Stop> {
  const logger = createLogger({
    app: 'chain-node',
    level: config.logLevel,
    format: config.logFormat,
    color: process.stderr.isTTY && config.noColor === undefined,
  });
  const params = NETWORKS[config.network];
  const { protocolVersion } = params;
  return withDataFolder({ folder: config.dataDir, holder: 'chain-node', protocolVersion }, async () => {
    const module = ChainNodeAppModule.of({
      dataDir: join(config.dataDir, 'ledger'),
      params,
      databaseUrl: config.databaseUrl,
      isRebuild: config.rebuild === 'on',
      checkInvariants: config.checkInvariants === 'on',
      network: networkOptionsOf(config),
      logger,
    });
    const node = await createHttpApp(module, {
      host: config.host,
      allowedHosts: config.allowedHosts,
      port: config.nodePort,
      portSetting: 'CAIRN_NODE_PORT',
      logger,
      bodyLimitBytes: NODE_BODY_LIMIT_BYTES,
      statusTable: NODE_STATUS_TABLE,
      openapi: NODE_OPENAPI,
    });
    try {
      if (config.redisUrl !== undefined) await serveLedgerOnRedis(node.app, config.redisUrl);
    } catch (error) {
      await node.close();
      throw error;
    }
    const network = node.app.get<NodeNetwork>(NETWORK, { strict: false });
    announceReady({ node: node.url, p2p: network.transport().listening[0] ?? '' });
    return () => node.close();
  });
}
