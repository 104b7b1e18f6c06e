import { setFlagsFromString } from 'node:v8';
import { NETWORKS, type NetworkParams } from '#chain';
import { type Config, parseVolume } from '#config';
import { AppError } from '#errors';
import { createHttpApp } from '#http';
import { announceReady, type Stop, withDataFolder } from '#lifecycle';
import { createLogger, type Logger } from '#logging';
import { createNodeClient } from '#node-api';
import {
  createFragmentRoute,
  createProvider,
  createProviderIdentity,
  openProviderIdentity,
  PROVIDER_STATUS_TABLE,
  type Provider,
  type ProviderIdentity,
} from '#provider';
import { ProviderAppModule } from './provider-app-module.js';

/** An agreement over 16,384 fragments is the largest request that is no fragment. */
const BODY_LIMIT_BYTES = 4 * 2 ** 20;
/** A client that sends one segment after the other must not dial for each of them. */
const KEEP_ALIVE_MS = 65_000;

/** Starts the provider and says where it is reached; what it returns stops it. */
export async function startProvider(config: Config): Promise<Stop> {
  // The engine would let the heap grow by a fifth only, buffers of sockets counted: it went through all of it for every
  // twenty megabytes of fragments, which took a sixth of what an upload costs (docs/adr/0031-shared-buffers.md).
  setFlagsFromString('--heap-growing-percent=100');
  const logger = createLogger({
    app: 'provider',
    level: config.logLevel,
    format: config.logFormat,
    color: process.stderr.isTTY && config.noColor === undefined,
  });
  const params = NETWORKS[config.network];
  const own = { folder: config.dataDir, holder: 'provider', protocolVersion: params.protocolVersion };
  return withDataFolder(own, async () =>
    serve(config, params, await identityOf(config, params, logger), logger),
  );
}

async function serve(
  config: Config,
  params: NetworkParams,
  identity: ProviderIdentity,
  logger: Logger,
): Promise<Stop> {
  const node = createNodeClient({ baseUrl: config.nodeUrl, timeoutMs: config.requestTimeoutMs });
  let listeningUrl = '';
  const provider: Provider = await createProvider({
    params,
    dataDir: config.dataDir,
    keys: identity.keys,
    ledger: node,
    logger,
    publicUrl: () => config.publicUrl ?? listeningUrl,
    terms: {
      basePerEpoch: config.providerBasePrice,
      pricePerGiBEpoch: config.providerPrice,
      pricePerGiBRead: config.providerReadPrice,
      freeReadBytesPerEpoch: BigInt(config.providerFreeRead),
      collateralBps: config.providerCollateralBps,
      capacityBytes: config.providerCapacity,
    },
    volumes: (config.providerVolumes ?? []).flatMap((text) => parseVolume(text) ?? []),
  });
  try {
    const app = await createHttpApp(ProviderAppModule.of(provider), {
      host: config.host,
      allowedHosts: [
        ...(config.allowedHosts ?? []),
        ...(config.publicUrl === undefined ? [] : [new URL(config.publicUrl).hostname]),
      ],
      port: config.providerPort,
      portSetting: 'CAIRN_PROVIDER_PORT',
      logger,
      bodyLimitBytes: BODY_LIMIT_BYTES,
      statusTable: PROVIDER_STATUS_TABLE,
      directRoutes: [createFragmentRoute(provider)],
      keepAliveMs: KEEP_ALIVE_MS,
      openapi: {
        title: 'Cairn provider',
        description: 'Store, read and audit fragments (docs/protocol/provider-api.md).',
        version: '1',
      },
    });
    listeningUrl = app.url;
    await provider.start();
    logger.info({ address: identity.address, url: app.url, node: config.nodeUrl }, 'provider serves');
    announceReady({ url: app.url, address: identity.address });
    return async () => {
      await app.close();
      await provider.stop();
      await node.close();
    };
  } catch (error) {
    await provider.stop();
    await node.close();
    throw error;
  }
}

/** On a devnet a provider may come into being by being run; elsewhere its phrase must be seen and written down. */
async function identityOf(config: Config, params: NetworkParams, logger: Logger): Promise<ProviderIdentity> {
  const options = { dataDir: config.dataDir, params, passphrase: config.passphrase ?? '' };
  try {
    return await openProviderIdentity(options);
  } catch (error) {
    const isNew = error instanceof AppError && error.code === 'provider/not-initialised';
    if (!isNew || params.name !== 'devnet') throw error;
    const identity = await createProviderIdentity(options);
    logger.info({ address: identity.address, keystore: identity.keystorePath }, 'new provider of the devnet');
    return identity;
  }
}
