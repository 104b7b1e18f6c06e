import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Catalogue, emptyCatalogue, type FileEntry, withFiles } from '#catalogue';
import { hexToBytes } from '#crypto';
import { AppError } from '#errors';
import { encodeManifest, notPlaced, planFile, segmentOfPlan } from '#fragments';
import type { LedgerPort } from '#ledger';
import { renew } from '../contracts/renew.js';
import { ClientStage } from '../testing/index.js';
import { endUnlessNamed } from '../transfer/resume/leftovers.js';
import { toHead } from './catalogue-head.js';
import { abandonReleased, release, releasedBy } from './release.js';

const profile = { k: 1, repairBelow: 2, n: 2 };
const sizeBytes = 20_000;
const EPOCHS = 30;

let stage: ClientStage;
beforeAll(async () => {
  stage = await ClientStage.open();
}, 60_000);
afterAll(() => stage.close());

/** An entry of which one fragment is under a contract. */
function entry(path: string, contract: string, fragmentId: string): FileEntry {
  const planned = planFile({ sizeBytes, profile });
  if (!planned.ok) throw new Error(planned.violation.rule);
  const { index, plainLength, fragmentLength } = segmentOfPlan(planned.value, 0);
  expect(index).toBe(0);
  const segment = {
    segmentId: new Uint8Array(randomBytes(16)),
    plainLength,
    fragmentLength,
    fragmentIds: [hexToBytes(fragmentId), new Uint8Array(randomBytes(32))],
    holders: [hexToBytes(contract), notPlaced],
  };
  const { fragmentSize } = planned.value;
  const secret = {
    contentKey: new Uint8Array(32),
    repairKey: new Uint8Array(32),
    fileHash: new Uint8Array(32),
  };
  return {
    path,
    sizeBytes: BigInt(sizeBytes),
    modifiedAt: 0n,
    storedAt: BigInt(path.charCodeAt(0)),
    paidUntilHeight: 1_000n,
    manifest: encodeManifest({ ...secret, sizeBytes, profile, fragmentSize, segments: [segment] }),
  };
}

const listOf = (...files: FileEntry[]): Catalogue => withFiles(emptyCatalogue, files);
const isEnding = async (contract: string): Promise<boolean> => {
  const { status, endEpoch, epochs } = await stage.view(contract);
  return status !== 'active' || endEpoch < epochs;
};
const mined = <T>(work: Promise<T>): Promise<T> => stage.whileMining(work);

/** Every question of the client about these contracts fails while something is done. */
async function withoutAnswerAbout<T>(contracts: readonly string[], act: () => Promise<T>): Promise<T> {
  const { ledger } = stage.market.ledger;
  const contract: LedgerPort['contract'] = (request) => {
    if (!contracts.includes(request.id)) return ledger.contract(request);
    return Promise.reject(new AppError({ code: 'node/timeout', message: 'the node did not answer' }));
  };
  await stage.reopenClient({ ledger: Object.assign(Object.create(ledger) as LedgerPort, { contract }) });
  try {
    return await act();
  } finally {
    await stage.reopenClient();
  }
}

test('one contract that cannot be ended keeps none of the others back, and is named', async () => {
  const formed: string[] = [];
  for (let at = 0; at < 4; at++) formed.push((await stage.form([1_000], EPOCHS)).contract);
  const [first, second, third, fourth] = formed as [string, string, string, string];
  const ending = withoutAnswerAbout([first, third], () => mined(stage.client.endContracts(formed)));
  await expect(ending).rejects.toMatchObject({
    code: 'contract/not-ended',
    message: expect.stringMatching(new RegExp(`${first}.*${third}.*did not answer`)),
    next: expect.stringContaining('cairn contracts end'),
    data: { contracts: [first, third] },
  });
  await stage.market.mine();
  expect(await Promise.all([first, second, third, fourth].map(isEnding))).toEqual([false, true, false, true]);
  // What is over is passed by; the rest ends now.
  expect(await mined(stage.client.endContracts(formed))).toEqual([first, third]);
  expect(await mined(stage.client.endContracts(formed))).toEqual([]);
}, 60_000);

test('a removal ends all it can, and says what it could not', async () => {
  const made = [await stage.form([1_000], EPOCHS), await stage.form([1_000], EPOCHS)];
  const [a, b] = made.map(({ contract, fragments }, at) => entry(`${at}`, contract, fragments[0]!.id));
  const released = releasedBy(listOf(a!, b!), listOf());
  const [first, second] = made as [(typeof made)[0], (typeof made)[0]];
  const releasing = withoutAnswerAbout([first.contract], () => release(stage.client.context, released));
  await expect(releasing).rejects.toMatchObject({
    code: 'contract/not-ended',
    data: { contracts: [first.contract] },
  });
  await stage.market.mine();
  expect([await isEnding(first.contract), await isEnding(second.contract)]).toEqual([false, true]);
}, 60_000);

test('what stays keeps its contract, whether it is named as it was made or as it was renewed', async () => {
  const { context } = stage.client;
  const { contract, fragments } = await stage.form([sizeBytes, sizeBytes], EPOCHS);
  const { renewed } = await mined(renew(context, contract, { epochs: EPOCHS }));
  const [id] = fragments.map((fragment) => fragment.id);
  const before = entry('a', contract, id!);
  const after = entry('b', renewed, id!);
  for (const gone of [before, after]) {
    const stays = gone === before ? after : before;
    const released = releasedBy(listOf(before, after), listOf(stays));
    expect(await release(context, released)).toEqual({ ended: 0 });
    await abandonReleased(context, released);
    await stage.market.mine();
    expect(await isEnding(renewed)).toBe(false);
  }
  const nothing = releasedBy(listOf(before), listOf());
  expect(await release(context, nothing)).toEqual({ ended: 1 });
  await stage.market.mine();
  expect(await isEnding(renewed)).toBe(true);
}, 60_000);

test('a shared contract that was renewed gives up what is gone, and stays', async () => {
  const { context } = stage.client;
  const { contract, fragments } = await stage.form([sizeBytes, sizeBytes], EPOCHS);
  const { renewed } = await mined(renew(context, contract, { epochs: EPOCHS }));
  const [a, b] = fragments.map(({ id }, at) => entry('ab'[at]!, contract, id));
  expect(await mined(release(context, releasedBy(listOf(a!, b!), listOf(b!))))).toEqual({ ended: 0 });
  expect(await stage.view(renewed)).toMatchObject({ status: 'active', totalBytes: String(sizeBytes) });
}, 60_000);

test('what an earlier run left is not ended where the list names what it was renewed by', async () => {
  const { context } = stage.client;
  const { contract, fragments } = await stage.form([sizeBytes], EPOCHS);
  const { renewed } = await mined(renew(context, contract, { epochs: EPOCHS }));
  const pointer = new Uint8Array(randomBytes(60));
  await mined(
    context.wallet
      .submit('anchor', { slot: 'catalogue', sequence: 1n, pointer })
      .then((submitted) => context.wallet.confirm(submitted)),
  );
  const catalogue = listOf(entry('a', renewed, fragments[0]!.id));
  const loaded = { catalogue, sequence: 1n, contracts: [] };
  context.catalogue.last = { head: toHead(1n, pointer), loaded };
  await endUnlessNamed(context, [contract]);
  await stage.market.mine();
  expect(await isEnding(renewed)).toBe(false);
  context.catalogue.last = { head: toHead(1n, pointer), loaded: { ...loaded, catalogue: listOf() } };
  await endUnlessNamed(context, [contract]);
  await stage.market.mine();
  expect(await isEnding(renewed)).toBe(true);
}, 60_000);
