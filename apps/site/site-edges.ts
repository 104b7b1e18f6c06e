import { join } from 'node:path';
import { type DynamicModule, Module } from '@nestjs/common';
import { NETWORKS, type NetworkParams } from '#chain';
import type { Config } from '#config';
import { ADMIN_API_OPENAPI, ADMIN_STATUS_TABLE, ExplorerModule } from '#explorer';
import { GATEWAY_OPENAPI, GATEWAY_STATUS_TABLE, GatewayModule, isGatewayJson } from '#gateway';
import { HealthModule } from '#health';
import { createHttpApp, type HttpAppOptions, type RunningHttpApp } from '#http';
import { LEDGER, type LedgerPort } from '#ledger';
import type { Logger } from '#logging';
import { METRICS, type Metrics, MetricsModule } from '#metrics';
import { MINER, type Miner, measureMiner } from '#mining';
import {
  LedgerMetricsModule,
  ledgerHealthCheck,
  NetworkMetricsModule,
  NODE_BODY_LIMIT_BYTES,
  NODE_OPENAPI,
  NODE_STATUS_TABLE,
  NodeApiModule,
} from '#node-server';
import { miningAddresses, POOL, type PoolProvider, PoolStatusModule, startMiningRpc } from '#pool';
import { REPAIR_OPENAPI, REPAIR_STATUS_TABLE, RepairApiModule, repairerNames } from '#repair';
import { ValuesModule } from '#services';

/** What the core has made, by token. */
export type SiteValues = ReadonlyMap<symbol, unknown>;

@Module({})
class SiteEdgeModule {}

/** The miner's figures, on the node's port. */
@Module({
  providers: [{ provide: Symbol('MINER_METRICS'), inject: [METRICS, MINER], useFactory: showMiner }],
})
class MinerMetricsModule {}

function showMiner(metrics: Metrics, miner: Miner): boolean {
  measureMiner(miner, metrics);
  return true;
}

/** One HTTP API on what the core has made, with health and metrics. */
function edgeModule(app: string, values: SiteValues, imports: DynamicModule['imports'] = []): DynamicModule {
  return {
    module: SiteEdgeModule,
    imports: [
      ValuesModule.of(values),
      MetricsModule.forApp(app),
      HealthModule.from({ inject: [LEDGER], useFactory: (ledger) => [ledgerHealthCheck(ledger)] }),
      ...imports,
    ],
  };
}

type Edge = (config: Config, values: SiteValues, logger: Logger) => Promise<RunningHttpApp>;

/** The node's API, for providers, command lines and other miners. */
export const startNodeEdge: Edge = async (config, values, logger) => {
  const module = edgeModule('chain-node', values, [
    NodeApiModule.of(),
    LedgerMetricsModule,
    NetworkMetricsModule,
    MinerMetricsModule,
    ...(values.has(POOL) ? [PoolStatusModule] : []),
  ]);
  return createHttpApp(module, {
    ...listenOptions(config, logger),
    port: config.nodePort,
    portSetting: 'CAIRN_NODE_PORT',
    bodyLimitBytes: NODE_BODY_LIMIT_BYTES,
    statusTable: NODE_STATUS_TABLE,
    openapi: NODE_OPENAPI,
  });
};

/** The gateway, on the phrase of this folder. */
export const startGatewayEdge =
  (phrase: string, ownRepairer: string): Edge =>
  async (config, values, logger) => {
    const params: NetworkParams = NETWORKS[config.network];
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
        address: config.repairer === 'none' ? undefined : (config.repairer ?? ownRepairer),
        reserve: config.repairReserve,
        // Our own may have no coins yet to announce itself with.
        isOptional: config.repairer === undefined,
      },
    });
    return createHttpApp(edgeModule('gateway', values, [feature]), {
      ...listenOptions(config, logger),
      port: config.gatewayPort,
      portSetting: 'CAIRN_GATEWAY_PORT',
      statusTable: GATEWAY_STATUS_TABLE,
      isJsonParsed: isGatewayJson,
      openapi: GATEWAY_OPENAPI,
    });
  };

/** The repairer's API; what it watches and repairs begins with `startAnnounced`. */
export const startRepairEdge: Edge = async (config, values, logger) =>
  createHttpApp(edgeModule('repairer', values, [{ module: RepairApiModule }]), {
    ...listenOptions(config, logger),
    allowedHosts: repairerNames(config),
    port: config.repairerPort,
    portSetting: 'CAIRN_REPAIRER_PORT',
    statusTable: REPAIR_STATUS_TABLE,
    openapi: REPAIR_OPENAPI,
  });

/** The admin API and its page. */
export const startAdminEdge: Edge = async (config, values, logger) => {
  return createHttpApp(edgeModule('admin-api', values, [ExplorerModule]), {
    ...listenOptions(config, logger),
    port: config.adminPort,
    portSetting: 'CAIRN_ADMIN_PORT',
    statusTable: ADMIN_STATUS_TABLE,
    openapi: ADMIN_API_OPENAPI,
  });
};

/** What hardware of others is served, where its ports are set. */
export async function startMiningEdge(
  config: Config,
  values: SiteValues,
  logger: Logger,
): Promise<{
  readonly edge: RunningHttpApp | undefined;
  readonly addresses: Readonly<Record<string, string>>;
}> {
  const provider = values.get(POOL) as PoolProvider | undefined;
  if (provider === undefined) return { edge: undefined, addresses: {} };
  const { pool, port } = provider;
  const edge = await startMiningRpc(config, { ledger: values.get(LEDGER) as LedgerPort, pool, logger });
  return { edge, addresses: miningAddresses(config, port, edge) };
}

function listenOptions(
  config: Config,
  logger: Logger,
): Pick<HttpAppOptions, 'host' | 'allowedHosts' | 'logger'> {
  return { host: config.host, allowedHosts: config.allowedHosts, logger };
}
