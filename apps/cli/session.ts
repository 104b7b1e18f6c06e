import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { NetworkParams } from '#chain';
import { CairnClient, repairDeposits, type StandingDeposits } from '#client';
import { AppError } from '#errors';
import { type Keystore, openKeystore } from '#keystore';
import { createNodeClient, type NodeClient } from '#node-api';
import type { CliContext } from './context.js';
import { handOverChanges } from './hand-over-changes.js';
import { askSecret } from './output/ask.js';

const KEYSTORE_FILE = 'keystore.age';
/** What must outlive a killed command: negotiations under way, totals of read vouchers. */
const CLIENT_FOLDER = 'client';
/** A node that is restarted in the middle of a command is waited for so long. */
const NODE_PATIENCE_MS = 60_000;

/** Where the keystore of a data folder lies. */
export function keystorePath(context: CliContext): string {
  return join(context.config.dataDir, KEYSTORE_FILE);
}

/** Opens the keystore, asking for its passphrase where it has one and a terminal is there. */
export async function openKeys(context: CliContext): Promise<Keystore> {
  const path = keystorePath(context);
  const given = context.config.passphrase;
  const keystore = await openKeystore(path, given ?? '').catch(async (error: unknown) => {
    const isMissing = error instanceof AppError && error.code === 'keystore/missing';
    if (isMissing) throw noKeys(path, error);
    const needed = error instanceof AppError && error.code === 'keystore/passphrase-needed';
    if (!needed || !context.canAsk) throw withPassphraseHint(error);
    return openKeystore(path, await askSecret(`Passphrase of ${path}: `, context.signal));
  });
  if (keystore.network !== context.params.name) throw wrongNetwork(path, keystore.network, context.params);
  return keystore;
}

/** A connection to the configured node, which must be of the configured network; closed when `use` is done. */
export async function withNode<T>(context: CliContext, use: (node: NodeClient) => Promise<T>): Promise<T> {
  const node = createNodeClient({
    baseUrl: context.config.nodeUrl,
    timeoutMs: context.config.requestTimeoutMs,
    rideOut: {
      patienceMs: NODE_PATIENCE_MS,
      signal: context.signal,
      onWaiting: ({ message }) =>
        context.output.note(`${message}; it answered before, so this waits for it …`),
    },
  });
  try {
    const { network } = await node.status().catch((error: unknown) => {
      throw toNoNode(error, context.config.nodeUrl);
    });
    if (network !== context.params.name) {
      throw new AppError({
        code: 'config/other-network',
        message: `The node at ${context.config.nodeUrl} is of ${network}, the configured network is ${context.params.name}.`,
        next: `Name it with --network ${network} (CAIRN_NETWORK), or another node with --node-url.`,
      });
    }
    return await use(node);
  } finally {
    await node.close();
  }
}

/** A client with the keystore's phrase; closed when `use` is done. */
export async function withClient<T>(
  context: CliContext,
  use: (client: CairnClient, node: NodeClient) => Promise<T>,
): Promise<T> {
  const { phrase } = await openKeys(context);
  return withNode(context, async (ledger) => {
    const { params, config } = context;
    const client = CairnClient.open({
      ledger,
      params,
      phrase,
      requestTimeoutMs: config.requestTimeoutMs,
      journalFolder: join(config.dataDir, CLIENT_FOLDER),
      deposits: depositsOf(context, ledger),
    });
    try {
      const done = await use(client, ledger);
      await handOverChanges(client, context);
      return done;
    } finally {
      await client.close();
    }
  });
}

/** Who repairs what is stored now: nobody unless a repairer is configured. */
function depositsOf({ config }: CliContext, ledger: NodeClient): StandingDeposits {
  const { repairer: address, repairReserve: reserve } = config;
  if (address === undefined || address === 'none') return async () => ({});
  return repairDeposits({ ledger, address, reserve });
}

/** The data folder, made where it is missing; only its owner may look inside. */
export async function makeDataFolder(context: CliContext): Promise<string> {
  const { dataDir } = context.config;
  await mkdir(dataDir, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw new AppError({
      code: 'data-folder/unusable',
      message: `The data folder ${dataDir} cannot be made (${(cause as NodeJS.ErrnoException).code}).`,
      next: 'Name another with --data-dir or CAIRN_DATA_DIR.',
      cause,
    });
  });
  return dataDir;
}

/** An HTTP server that knows no such path is something else than a chain node: the explorer, the gateway. */
function toNoNode(error: unknown, url: string): unknown {
  if (!(error instanceof AppError) || error.code !== 'http/not-found') return error;
  return new AppError({
    code: 'node/not-a-node',
    message: `What answers at ${url} is no chain node.`,
    next: 'Name the chain node with --node-url or CAIRN_NODE_URL; `npm start` prints its address, http://127.0.0.1:7101 by default.',
    data: { url },
    cause: error,
  });
}

function noKeys(path: string, cause: unknown): AppError {
  return new AppError({
    code: 'keystore/missing',
    message: `There are no keys at ${path} yet.`,
    next: 'Make a phrase with `cairn keys new`, or bring one back with `cairn keys import`.',
    data: { path },
    cause,
  });
}

function withPassphraseHint(error: unknown): unknown {
  if (!(error instanceof AppError) || error.code !== 'keystore/passphrase-needed') return error;
  return new AppError({
    code: error.code,
    message: error.message,
    next: 'Set CAIRN_PASSPHRASE, or run the command on a terminal to be asked.',
    data: error.data,
    cause: error,
  });
}

function wrongNetwork(path: string, network: string, params: NetworkParams): AppError {
  return new AppError({
    code: 'config/other-network',
    message: `The keystore at ${path} was made for ${network}, the configured network is ${params.name}.`,
    next: `Use --network ${network}, or another folder with --data-dir.`,
  });
}
