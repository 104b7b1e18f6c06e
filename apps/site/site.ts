import { type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { NETWORKS } from '#chain';
import type { Config } from '#config';
import { openOperatorPhrase, phraseToAddress } from '#gateway';
import type { RunningHttpApp } from '#http';
import { LEDGER } from '#ledger';
import { announceReady, type Stop, withDataFolder } from '#lifecycle';
import { createNestLogger } from '#logging';
import { MINER } from '#mining';
import { NETWORK } from '#node-server';
import { POOL } from '#pool';
import { REPAIRER, type Repairer, startAnnounced } from '#repair';
import { MARKET, PAYOUTS, PLACEMENT, REGISTRY } from '#services';
import { appLogger, ownFolder } from '#split-form';
import { SiteCoreModule, servesMiners } from './site-core-module.js';
import {
  type SiteValues,
  startAdminEdge,
  startGatewayEdge,
  startMiningEdge,
  startNodeEdge,
  startRepairEdge,
} from './site-edges.js';

const SHARED = [LEDGER, NETWORK, MARKET, PLACEMENT, REGISTRY, PAYOUTS, MINER, REPAIRER];

/** Starts all of one operator in this process: one core, four HTTP APIs on it; what it returns stops all. */
export function startSite(config: Config): Promise<Stop> {
  return withDataFolder(ownFolder(config, 'site'), async () => {
    const logger = appLogger(config, 'site');
    const params = NETWORKS[config.network];
    const phrase = await openOperatorPhrase(config.dataDir, params, config.passphrase ?? '');
    const minerAddress = config.minerAddress ?? phraseToAddress(phrase, params);
    const core = await NestFactory.createApplicationContext(
      SiteCoreModule.of(config, minerAddress, phrase, logger),
      {
        logger: createNestLogger(logger),
        abortOnError: false,
      },
    );
    const edges: RunningHttpApp[] = [];
    const stop = async (): Promise<void> => {
      await Promise.all(edges.map((edge) => edge.close()));
      await core.close();
    };
    try {
      const values = sharedValues(core, servesMiners(config) ? [...SHARED, POOL] : SHARED);
      const node = await startNodeEdge(config, values, logger);
      edges.push(node);
      const repairer = values.get(REPAIRER) as Repairer;
      const gateway = await startGatewayEdge(phrase, repairer.address)(config, values, logger);
      edges.push(gateway);
      const admin = await startAdminEdge(config, values, logger);
      edges.push(admin);
      const repair = await startRepairEdge(config, values, logger);
      edges.push(repair);
      await startAnnounced(repairer, config, repair.url);
      const mining = await startMiningEdge(config, values, logger);
      if (mining.edge !== undefined) edges.push(mining.edge);
      announceReady({
        node: node.url,
        gateway: gateway.url,
        admin: admin.url,
        repairer: repair.url,
        ...mining.addresses,
      });
      return stop;
    } catch (error) {
      await stop();
      throw error;
    }
  });
}

function sharedValues(core: INestApplicationContext, tokens: readonly symbol[]): SiteValues {
  return new Map(tokens.map((token) => [token, core.get<unknown>(token, { strict: false })]));
}
