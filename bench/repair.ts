import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { devnet } from '#chain';
import {
  CairnClient,
  type ClientContext,
  closeClientContext,
  createRepairIdentity,
  HolderSessions,
  manifestToRepairContent,
  openClientContext,
  openReplacement,
  openSource,
} from '#client';
import { deriveRoleKey, newPhrase } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { decodeManifest, type Manifest } from '#fragments';
import type { Candidate } from '#placement';
import { ByteLimit, type RebuiltTarget, rebuild, replacementToTarget, SegmentSource } from '#repair';
import type { ContractView, RepairContent } from '#wire';
import { type BenchMarket, withMarket, writeRandomFile } from './bench-market.js';
import type { BenchReport } from './report.js';

const PROFILE = { k: 3, repairBelow: 4, n: 8 };
const LOST = 3;
const SIZE_BYTES = 128 * 2 ** 20;
const FUNDS = 10n ** 12n;

/**
 * Rebuilds what three of eight holders kept, with the repair key alone, over loopback from provider processes to provider
 * processes: all three together and one alone. They have said that they leave, so that the ledger takes a replacement at once;
 * nothing is read from them.
 */
export function benchRepair(): Promise<BenchReport> {
  return withMarket(PROFILE.n + LOST, async (market) => {
    const keys = deriveRoleKey(newPhrase(new Uint8Array(randomBytes(16))), 'repairer');
    const { ledger } = market.network;
    const context = openClientContext(
      { ledger, params: devnet },
      createRepairIdentity(nativeCrypto, devnet, keys),
    );
    try {
      await market.network.fund(context.identity.address, FUNDS);
      const { manifest, contracts } = await store(market, keys.publicKey);
      const views = await drained(market, contracts.slice(0, LOST));
      return await measure(context, manifest, views, contracts);
    } finally {
      await closeClientContext(context);
    }
  });
}

async function store(
  market: BenchMarket,
  key: Uint8Array,
): Promise<{ manifest: Manifest; contracts: readonly string[] }> {
  const repair = { key, maxBasePerEpoch: 10n ** 9n, maxPricePerGiBEpoch: 10n ** 12n };
  const client = CairnClient.open({
    ledger: market.network.ledger,
    params: devnet,
    phrase: market.phrase,
    deposits: async () => ({ repair, reserve: 10n ** 8n }),
  });
  const source = await openSource(await writeRandomFile(`${market.folder}/file`, SIZE_BYTES));
  try {
    const stored = await client.storeSource(source, 'file', { profile: PROFILE, epochs: 90 });
    const decoded = decodeManifest(stored.entry.manifest);
    if (!decoded.ok) throw new Error(decoded.violation.rule);
    return { manifest: decoded.value, contracts: stored.contracts };
  } finally {
    await source.close();
    await client.close();
  }
}

/** Has the holders say that they leave, and waits until the ledger would take replacements of all of them. */
async function drained({ network }: BenchMarket, contracts: readonly string[]): Promise<ContractView[]> {
  for (const id of contracts) {
    const view = await network.ledger.contract({ id });
    const provider = network.providers.find(({ address }) => address === view?.providerAddress);
    await fetch(`${provider?.url}/v1/operator/drain`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
  }
  for (;;) {
    const views = await Promise.all(contracts.map((id) => network.ledger.contract({ id })));
    const isReady = (view: ContractView | null): view is ContractView =>
      view?.replaceable === 'drained' && (view.window === null || view.window.proven);
    if (views.every(isReady)) return views;
    await delay(200);
  }
}

async function measure(
  context: ClientContext,
  manifest: Manifest,
  lost: readonly ContractView[],
  contracts: readonly string[],
): Promise<BenchReport> {
  const content = manifestToRepairContent(manifest);
  const gone = new Set(lost.map(({ id }) => id));
  const live = new Map<string, ContractView>();
  for (const id of contracts) {
    const view = await context.ledger.contract({ id });
    if (view !== null && !gone.has(id as never)) live.set(id, view);
  }
  const holders = new Set([...live.values(), ...lost].map(({ provider }) => provider));
  const spares = (await context.providers.candidates()).filter(({ offer }) => !holders.has(offer.provider));
  const open = (view: ContractView, at: number) =>
    openReplacement(context, { contract: view.id, candidate: spares[at] as Candidate });

  const one = await open(lost[0] as ContractView, 0);
  const alone = await rebuildTimed(context, content, live, [replacementToTarget(one, undefined)]);
  const before = process.memoryUsage().rss;
  const all = await Promise.all(lost.map(open));
  const targets = all.map((replacement) => replacementToTarget(replacement, undefined));
  const startedMs = performance.now();
  const together = await rebuildTimed(context, content, live, targets);
  await Promise.all(all.map((replacement) => replacement.finish()));
  const replacedSeconds = (performance.now() - startedMs) / 1000;
  return {
    figures: {
      fragmentsPerSecond: together.fragments / together.seconds,
      rebuiltMBPerSecond: together.bytesRebuilt / 1e6 / together.seconds,
      readMBPerSecond: together.bytesRead / 1e6 / together.seconds,
      oneLostFragmentsPerSecond: alone.fragments / alone.seconds,
      secondsToReplaceAll: replacedSeconds,
      rebuiltMB: together.bytesRebuilt / 1e6,
      extraMemoryMiB: together.peakBytes <= before ? 0 : (together.peakBytes - before) / 2 ** 20,
    },
    ratios: {
      bytesReadPerByteRepaired: together.bytesRead / together.bytesRebuilt,
      oneLostBytesReadPerByteRepaired: alone.bytesRead / alone.bytesRebuilt,
      epochsToReplaceAll: replacedSeconds / (devnet.contract.epochBlocks * devnet.proofOfWork.blockSeconds),
    },
  };
}

async function rebuildTimed(
  context: ClientContext,
  content: RepairContent,
  live: ReadonlyMap<string, ContractView>,
  targets: readonly RebuiltTarget[],
) {
  const limit = new ByteLimit(undefined);
  const source = new SegmentSource({
    sessions: new HolderSessions(context),
    limit,
    onLostFragment: () => undefined,
    onUnreadable: () => undefined,
  });
  let peakBytes = 0;
  const watch = setInterval(() => {
    peakBytes = Math.max(peakBytes, process.memoryUsage().rss);
  }, 50);
  const startedMs = performance.now();
  const { failures, bytesRebuilt } = await rebuild(targets, {
    pipeline: context.pipeline,
    source,
    limit,
    contents: [content],
    holderOf: (contract) => live.get(contract),
    signal: new AbortController().signal,
  });
  clearInterval(watch);
  for (const error of failures.values()) throw error;
  return {
    seconds: (performance.now() - startedMs) / 1000,
    fragments: targets.reduce((sum, { wanted }) => sum + wanted.length, 0),
    bytesRead: source.bytesRead,
    bytesRebuilt: [...bytesRebuilt.values()].reduce((sum, bytes) => sum + bytes, 0),
    peakBytes,
  };
}
