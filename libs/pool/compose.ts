import {
  type AccountId,
  accountIdToAddress,
  addressToAccountId,
  type Law,
  NETWORKS,
  type NetworkParams,
} from '#chain';
import type { Config } from '#config';
import { deriveRoleKey, type KeyPair } from '#crypto';
import { AppError, violationToText } from '#errors';
import { createHttpApp, type RunningHttpApp } from '#http';
import type { LedgerPort } from '#ledger';
import type { Logger } from '#logging';
import { createMiningRpc, MiningRpcModule } from '#mining-rpc';
import type { Pool, PoolOptions } from './pool.js';

/** What a process has beyond its settings. */
export interface PoolSurroundings {
  readonly law: Law;
  /** Of the Stratum server; undefined: none. */
  readonly port: number | undefined;
  /** The pool's wallet; undefined for a pool that shares nothing. */
  readonly key: KeyPair | undefined;
  readonly logger: Logger;
}

/** The pool's options by the settings. */
export function poolOptions(config: Config, surroundings: PoolSurroundings): Omit<PoolOptions, 'ledger'> {
  const { law, port, key, logger } = surroundings;
  return {
    law,
    port,
    logger,
    dataDir: config.dataDir,
    host: config.stratumHost ?? config.host,
    scheme: config.poolScheme,
    feeBps: BigInt(config.poolFeeBps),
    minPayout: config.poolMinPayout,
    sharesPerMinute: config.sharesPerMinute,
    startDifficulty: config.shareDifficulty,
    ...(key === undefined ? {} : { key }),
  };
}

/** The wallet of a phrase. */
export function phraseToPoolKey(phrase: string): KeyPair {
  return deriveRoleKey(phrase, 'wallet');
}

/** Serves getblocktemplate on the pool's work where its port is set. @throws AppError `pool/bad-address` and of listening */
export async function startMiningRpc(
  config: Config,
  parts: { readonly ledger: LedgerPort; readonly pool: Pool; readonly logger: Logger },
): Promise<RunningHttpApp | undefined> {
  if (config.miningRpcPort === undefined) return undefined;
  const params = NETWORKS[config.network];
  const { ledger, pool, logger } = parts;
  const defaultAccount = minerAccount(config.minerAddress, params);
  const rpc = createMiningRpc({ ledger, params, work: pool.work, defaultAccount });
  pool.miningRpc = rpc;
  const app = await createHttpApp(MiningRpcModule.of({ rpc, password: config.miningRpcPassword }), {
    host: config.host,
    allowedHosts: config.allowedHosts,
    port: config.miningRpcPort,
    portSetting: 'CAIRN_MINING_RPC_PORT',
    logger,
    // The body is read as it is: miners send all sorts of content types.
    isJsonParsed: () => false,
  });
  const paid =
    defaultAccount === undefined
      ? 'the address in its user name'
      : accountIdToAddress(params, defaultAccount);
  logger.info({ url: app.url, paid }, 'getblocktemplate is served');
  return app;
}

/** Where miners are served, for whoever started the process. */
export function miningAddresses(
  config: Config,
  stratumPort: number | undefined,
  rpc: RunningHttpApp | undefined,
): Readonly<Record<string, string>> {
  const host = config.stratumHost ?? config.host;
  return {
    ...(stratumPort === undefined ? {} : { stratum: `stratum+tcp://${host}:${stratumPort}` }),
    ...(rpc === undefined ? {} : { miningRpc: rpc.url }),
  };
}

function minerAccount(address: string | undefined, params: NetworkParams): AccountId | undefined {
  if (address === undefined) return undefined;
  const account = addressToAccountId(params, address);
  if (account.ok) return account.value;
  throw new AppError({
    code: 'pool/bad-address',
    message: `CAIRN_MINER_ADDRESS is ${address}, which is no address of ${params.name}: ${violationToText(account.violation)}`,
    next: `give an address that starts with ${params.addressPrefix}1`,
    data: { setting: 'CAIRN_MINER_ADDRESS', address },
  });
}
