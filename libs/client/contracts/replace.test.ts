import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import type { ContractId, FragmentId } from '#chain';
import { bytesToHex, hexToBytes } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import type { ManifestSegment } from '#fragments';
import { fastDevnet } from '../../ledger/testing/index.js';
import type { TestProvider } from '../../provider/testing/index.js';
import { closeClientContext, openClientContext } from '../client.js';
import type { ClientContext } from '../context.js';
import { createRepairIdentity } from '../identity.js';
import { createFileJournal } from '../negotiation/negotiation-journal.js';
import { ClientStage } from '../testing/index.js';
import { FragmentReader } from '../transfer/fragment-reader.js';
import { replaceContract, resumeReplacements } from './replace.js';

const COIN = 1_000_000_000n;
const PROFILE = { k: 2, n: 3 };

let stage: ClientStage;
let repairer: ClientContext;
/** A provider that was stopped for good. */
let gone: TestProvider | undefined;
afterEach(async () => {
  await closeClientContext(repairer);
  await stage.close();
  if (gone !== undefined) await rm(gone.dataDir, { recursive: true, force: true });
  gone = undefined;
});

/** A segment of three fragments with three providers, each under a contract that names the repairer; a fourth waits. */
async function storeSegment() {
  stage = await ClientStage.open();
  const { market, client } = stage;
  for (const seed of [2, 3, 4]) await market.addProvider({ seed });
  const keys = market.ledger.wallet('repairer');
  const identity = createRepairIdentity(nativeCrypto, fastDevnet, keys);
  const { ledger } = market.ledger;
  repairer = openClientContext({ ledger, params: fastDevnet, workers: 1 }, identity);
  await market.ledger.fund(COIN, keys);
  const plain = new Uint8Array(randomBytes(100_000));
  const repairKey = new Uint8Array(randomBytes(32));
  const contentKey = new Uint8Array(randomBytes(32));
  const sealed = await client.context.pipeline.sealSegment({
    plain: plain.slice(),
    contentKey,
    repairKey,
    profile: PROFILE,
    fragmentSize: 65_536,
  });
  const repair = { key: keys.publicKey, maxBasePerEpoch: 20_000n, maxPricePerGiBEpoch: 1_000_000n };
  const deposits = { repair, reserve: 100_000n };
  const holders: Uint8Array[] = [];
  const providers: TestProvider[] = [market.provider, ...market.others];
  for (const [index, bytes] of sealed.fragments.entries()) {
    const id = bytesToHex(sealed.fragmentIds[index]!) as FragmentId;
    const provider = providers[index]!.address;
    const fragment = { id, bytes: Buffer.from(bytes) };
    holders.push(hexToBytes(await stage.formOver([fragment], { epochs: 5, deposits, provider })));
  }
  const segment: ManifestSegment = {
    segmentId: sealed.segmentId,
    plainLength: sealed.plainLength,
    fragmentLength: sealed.fragmentLength,
    fragmentIds: sealed.fragmentIds,
    holders,
  };
  return { segment, repairKey, contracts: holders.map((holder) => bytesToHex(holder) as ContractId) };
}

/** What the repairer does: k of the others, the lost one from them; it never sees the plain text. */
async function rebuild(
  segment: ManifestSegment,
  repairKey: Uint8Array,
  missing: number,
): Promise<Uint8Array> {
  const fragments = await new FragmentReader(repairer).fetchSegment(segment, PROFILE.k);
  const { segmentId, fragmentLength, fragmentIds } = segment;
  const input = { segmentId, fragmentLength, fragmentIds, fragments, repairKey, profile: PROFILE };
  const [bytes] = await repairer.pipeline.repairFragments({ ...input, missing: [missing] });
  return bytes as Uint8Array;
}

test('a provider dies: the repairer rebuilds its fragment, another goes on, the bounty is paid at its first proof', async () => {
  const { segment, repairKey, contracts } = await storeSegment();
  const [dead] = contracts as [ContractId];
  const { market } = stage;
  const candidates = await repairer.providers.candidates();
  const next = market.others[2]!;
  const candidate = candidates.find(({ offer }) => offer.address === next.address)!;
  const rebuilt = () => rebuild(segment, repairKey, 0);
  const options = { contract: dead, candidate, fragment: rebuilt };
  await expect(replaceContract(repairer, options)).rejects.toMatchObject({ code: 'replace/no-cause' });
  await expect(replaceContract(stage.client.context, options)).rejects.toMatchObject({
    code: 'replace/not-repairer',
  });

  await market.provider.stop();
  gone = market.provider;
  market.provider = market.others.shift()!;
  await market.mineUntil('a miss', async () => (await stage.view(dead)).replaceable === 'missed');
  const before = await stage.view(dead);
  const { replacement } = await stage.whileMining(replaceContract(repairer, options));
  expect(await stage.view(dead)).toMatchObject({ status: 'replaced', successor: replacement });
  const placed = await stage.view(replacement);
  expect(placed).toMatchObject({
    status: 'active',
    providerAddress: next.address,
    client: before.client,
    origin: { kind: 'replacement', contract: dead },
  });
  expect(BigInt(placed.bounty)).toBeGreaterThan(0n);
  await market.mineUntil('the first proof', async () => (await stage.view(replacement)).proven === 1);
  expect((await stage.view(replacement)).bounty).toBe('0');
  const postings = await market.ledger.ledger.contractPostings({ id: replacement, limit: 200 });
  expect(
    postings.items.some(({ from, amount }) => from === `bounty:${replacement}` && amount === placed.bounty),
  ).toBe(true);

  // The client comes back, knows only the old contract, and reads from the new holder.
  const { context } = stage.client;
  const { contract } = { contract: await context.providers.contract(dead) };
  expect(contract.id).toBe(replacement);
  const session = await new FragmentReader(context).session(dead);
  const id = bytesToHex(segment.fragmentIds[0]!) as FragmentId;
  expect(await session.getFragment(id, segment.fragmentLength)).toHaveLength(segment.fragmentLength);
  await market.mineUntil('the end', async () => (await stage.view(replacement)).status === 'completed');
  expect(await stage.view(replacement)).toMatchObject({ missed: 0 });
  expect(await market.ledger.ledger.audit()).toMatchObject({ balanced: true });
}, 180_000);

test('a provider leaves: it declares so, proves on, and is replaced; strangers and the client reserve nothing', async () => {
  const { segment, repairKey, contracts } = await storeSegment();
  const [left] = contracts as [ContractId];
  const { market } = stage;
  const next = market.others[2]!;
  const [outcome] = await market.provider.provider.operator.drain();
  expect(outcome).toMatchObject({ contract: left });
  await market.mineUntil('the drain', async () => (await stage.view(left)).replaceable === 'drained');
  // Its offer is withdrawn: nobody gets room any more.
  await market.mineUntil(
    'its offer to be withdrawn',
    async () => (await market.offer()).capacityBytes === '0',
  );
  const stranger = market.provider.client(market.ledger.wallet('stranger'));
  expect((await stranger.reserve()).json()).toMatchObject({ status: 503, code: 'provider/no-offer' });
  const forged = next.client(market.ledger.wallet('stranger'));
  expect((await forged.reserve({}, undefined, left)).json()).toMatchObject({
    code: 'reservation/other-contract',
  });
  stranger.close();
  forged.close();

  const candidates = await repairer.providers.candidates();
  const candidate = candidates.find(({ offer }) => offer.address === next.address)!;
  const fragment = () => rebuild(segment, repairKey, 0);
  await market.mineUntil('no open window', async () => (await stage.view(left)).window === null);
  const { replacement } = await stage.whileMining(
    replaceContract(repairer, { contract: left, candidate, fragment }),
  );
  expect(await stage.view(left)).toMatchObject({ status: 'replaced', missed: 0, successor: replacement });
  expect(await stage.view(replacement)).toMatchObject({ status: 'active', providerAddress: next.address });
}, 180_000);

test('a repairer is killed after both have signed: the next run puts that on chain, and sends nothing again', async () => {
  const { segment, repairKey, contracts } = await storeSegment();
  const [left] = contracts as [ContractId];
  const { market } = stage;
  const next = market.others[2]!;
  await market.provider.provider.operator.drain();
  await market.mineUntil('no open window', async () => {
    const { replaceable, window } = await stage.view(left);
    return replaceable === 'drained' && (window === null || window.proven);
  });
  const candidates = await repairer.providers.candidates();
  const candidate = candidates.find(({ offer }) => offer.address === next.address)!;
  const folder = await mkdtemp(join(tmpdir(), 'cairn-replace-'));
  try {
    const journal = createFileJournal(folder);
    const wallet = Object.create(repairer.wallet) as typeof repairer.wallet;
    wallet.submit = () => Promise.reject(new Error('killed'));
    const killed = { ...repairer, journal, wallet };
    const fragment = () => rebuild(segment, repairKey, 0);
    await expect(replaceContract(killed, { contract: left, candidate, fragment })).rejects.toThrow('killed');
    const [resumed] = await stage.whileMining(resumeReplacements({ ...repairer, journal }));
    expect(resumed).toMatchObject({ contract: left });
    expect(await stage.view(left)).toMatchObject({ status: 'replaced', successor: resumed?.replacement });
    expect(await journal.open()).toEqual([]);
    expect(await resumeReplacements({ ...repairer, journal })).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 180_000);
