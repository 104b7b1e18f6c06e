import { join } from 'node:path';
import {
  type AccountId,
  type AnchorRecord,
  accountIdToAddress,
  type EndpointRecord,
  KEPT_VERSIONS,
  type NetworkParams,
  parseAccount,
} from '#chain';
import { createNetworkLaw, type Offer, type StateObjectKind, type StorageContract } from '#contracts';
import { bytesToHex } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { AppError, violationToText } from '#errors';
import { createLightClient, type NodeReport, openHeaderCache, type VerifiedObject } from '#light-client';
import { createNodeClient } from '#node-api';
import type { CommandAction, CommandInput } from '../command.js';
import type { CliContext } from '../context.js';
import { formatCoins } from '../output/amounts.js';
import { formatFields } from '../output/table.js';
import { formatSpan, safeText } from '../output/text.js';

type Fields = readonly (readonly [string, string])[];

/** What a kind of object shows of itself, present or absent. */
type Describe = (object: VerifiedObject, params: NetworkParams) => Fields;

export const verifyAccount: CommandAction = verify('account', ({ value }) => [
  // An account without coins has no object: that is proven, too.
  ['spendable', formatCoins((value as bigint | undefined) ?? 0n)],
]);

export const verifyContract: CommandAction = verify('contract', ({ value }, params) => {
  const contract = value as StorageContract | undefined;
  if (contract === undefined) return [['contract', 'there is none with this id']];
  const address = (account: AccountId) => accountIdToAddress(params, account);
  return [
    ['status', contract.status],
    ['client', address(contract.client)],
    ['provider', address(contract.provider)],
    ['stored', `${contract.totalBytes} bytes in ${contract.leafCount} fragments`],
    ['proven', `${contract.proven} of ${contract.endEpoch} epochs, ${contract.missed} missed`],
    ['fragments', bytesToHex(contract.root)],
  ];
});

export const verifyEndpoint: CommandAction = verify('endpoint', ({ value }) => {
  const record = value as EndpointRecord | undefined;
  if (record === undefined) return [['endpoint', 'none is published']];
  return [
    ['reached at', safeText(record.addresses.join(', '))],
    ['owner', safeText(record.owner)],
    ['region', safeText(record.region)],
    ['until height', String(record.expiresAt)],
  ];
});

export const verifyOffer: CommandAction = verify('offer', ({ value }) => {
  const offer = value as Offer | undefined;
  if (offer === undefined) return [['offer', 'none is published']];
  return [
    ['price', `${formatCoins(offer.pricePerGiBEpoch)} per GiB and epoch`],
    ['base', `${formatCoins(offer.basePerEpoch)} per epoch`],
    ['collateral', `${offer.collateralBps / 100} % of the price`],
    ['number', String(offer.number)],
    ['until height', String(offer.expiresAt)],
  ];
});

export const verifyAnchor: CommandAction = verify('anchor', ({ value }) => {
  const record = value as AnchorRecord | undefined;
  if (record === undefined) return [['anchor', 'none is published']];
  return [
    ['sequence', String(record.sequence)],
    ['anchored at', `height ${record.anchoredAt}`],
    ['pointer', `${record.pointer.length} bytes, sealed`],
  ];
});

function verify(kind: StateObjectKind, describe: Describe): CommandAction {
  return async (input, context) => {
    const { params, output } = context;
    const id = kind === 'contract' ? (input.args[0] ?? '') : toAccount(input.args[0] ?? '', params);
    const slot = kind === 'anchor' ? String(input.options['slot'] ?? 'catalogue') : undefined;
    const object = await askNodes(input, context, { kind, id, slot });
    for (const { url, problem } of object.nodes) {
      if (problem !== undefined) output.note(`not relied on ${url}: ${problem.message} (${problem.code})`);
    }
    output.printJson({ kind, id, ...toJson(object) });
    output.print(formatFields([...describe(object, params), ...foundation(object)]));
    return undefined;
  };
}

/** Asks all nodes; their connections are closed when the answer is there. */
export async function askNodes(
  { options }: CommandInput,
  context: CliContext,
  ref: { readonly kind: StateObjectKind; readonly id: string; readonly slot: string | undefined },
): Promise<VerifiedObject> {
  const { config, params } = context;
  const urls = readNodes(options['node']) ?? [config.nodeUrl];
  const confirmations = readConfirmations(options['confirmations'], params);
  const nodes = urls.map((url) => ({
    url,
    ledger: createNodeClient({ baseUrl: url, timeoutMs: config.requestTimeoutMs, signal: context.signal }),
  }));
  try {
    const client = createLightClient({
      law: createNetworkLaw(params, nativeCrypto),
      nodes,
      cache: openHeaderCache(join(config.dataDir, 'light', `headers-${params.name}.bin`)),
      clock: () => Math.floor(Date.now() / 1000),
    });
    return await client.verify({ ...ref, confirmations });
  } finally {
    await Promise.all(nodes.map(({ ledger }) => ledger.close()));
  }
}

/** What the answer rests on. */
function foundation({ url, height, blockId, confirmations, tip, nodes }: VerifiedObject): Fields {
  const ageSeconds = Date.now() / 1000 - tip.timeSeconds;
  const believed = nodes.filter(({ problem }) => problem === undefined).length;
  return [
    ['proven by', `block ${height}, ${blockId}`],
    ['confirmations', `${confirmations}; the newest block is ${formatSpan(ageSeconds)} old`],
    [
      'asked',
      `${url}${nodes.length > 1 ? `; ${believed} of ${nodes.length} nodes agree with the heaviest chain` : ''}`,
    ],
  ];
}

function toJson(object: VerifiedObject): Readonly<Record<string, unknown>> {
  const { space, key, value, stateRoot, url, blockId, height, confirmations, tip, totalWork, nodes } = object;
  return {
    verified: true,
    isPresent: value !== undefined,
    namespace: space.name,
    key,
    value: value === undefined ? null : plain(value),
    stateRoot: bytesToHex(stateRoot),
    blockId,
    height,
    confirmations,
    tip,
    totalWork,
    url,
    nodes: nodes.map(nodeToJson),
  };
}

function nodeToJson({ url, height, totalWork, problem }: NodeReport): Readonly<Record<string, unknown>> {
  return {
    url,
    height: height ?? null,
    totalWork: totalWork ?? null,
    problem: problem === undefined ? null : { code: problem.code, message: problem.message },
  };
}

/** Bytes of an object as hex. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return bytesToHex(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]));
}

function toAccount(text: string, params: NetworkParams): string {
  const account = parseAccount(params, text);
  if (account.ok) return account.value;
  throw new AppError({
    code: 'cli/bad-address',
    message: `'${text.slice(0, 100)}' is no address of ${params.name} (${violationToText(account.violation)}).`,
    next: `Give an address that starts with ${params.addressPrefix}1, or 40 hex digits.`,
  });
}

/** The nodes named by `--node`, as the setting of the same meaning takes them. */
export function readNodes(text: string | boolean | undefined): readonly string[] | undefined {
  if (typeof text !== 'string') return undefined;
  return text.split('\n').map((url) => {
    if (URL.canParse(url) && /^https?:\/\/[^/]/i.test(url)) return url.replace(/\/+$/, '');
    throw new AppError({
      code: 'cli/bad-node',
      message: `--node ${safeText(url.slice(0, 200))} is no address of a node.`,
      next: 'Give a URL such as http://127.0.0.1:7101.',
    });
  });
}

function readConfirmations(text: string | boolean | undefined, params: NetworkParams): number {
  if (text === undefined) return params.name === 'devnet' ? 1 : 6;
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= KEPT_VERSIONS) return count;
  throw new AppError({
    code: 'cli/bad-confirmations',
    message: `--confirmations ${String(text)} is not possible.`,
    next: `Use a whole number from 1 to ${KEPT_VERSIONS}.`,
  });
}
