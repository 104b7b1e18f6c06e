import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Agreement, agreementSigningMessage, contractIdOf } from '#contracts';
import { AppError } from '#errors';
import { type ContractScenario, createContractScenario } from '../../contracts/testing/contract-scenario.js';
import { feedScenario, TestLedger } from '../ledger/testing/index.js';
import { type RenewAction, RenewalBook, type RenewalPolicy, RenewalRunner } from './index.js';

const LIMIT = 10n ** 12n;

let scene: TestLedger;
let scenario: ContractScenario;
let file: string;
let warned: string[];
const { signal } = new AbortController();

beforeEach(async () => {
  scene = await TestLedger.open();
  scenario = createContractScenario({ epochs: 2, offer: { expiresAt: 500 } });
  scenario.form();
  scenario.proveEpoch(0);
  await feedScenario(scene, scenario);
  file = join(scene.dataDir, 'renewals.json');
  warned = [];
});
afterEach(() => scene.close());

const policy = (changes: Partial<RenewalPolicy> = {}): RenewalPolicy => ({
  limit: LIMIT,
  leadBlocks: 15,
  warnBlocks: [40, 20],
  retryBlocks: 3,
  epochs: 2,
  ...changes,
});

/** A real `renew`, agreed by the scenario's provider; as many as are made have nonces of their own. */
let nonce = 0;
const renewForReal: RenewAction = async ({ contract, epochs }) => {
  const { crypto, params } = scene.law;
  const { client, provider } = scenario.terms;
  nonce += 1;
  const agreement: Agreement = {
    ...scenario.terms.agreement,
    nonce: new Uint8Array(16).fill(nonce),
    formBy: scene.height + 5,
    epochs,
  };
  const providerSignature = crypto.sign(
    provider.secretKey,
    agreementSigningMessage(crypto, params, agreement),
  );
  await scene.send(client, { kind: 'renew', body: { contract, agreement, providerSignature } });
  await scene.mine();
  return { successor: contractIdOf(crypto, params, agreement) };
};

async function open(
  changes: Partial<RenewalPolicy> = {},
  renew: RenewAction = renewForReal,
): Promise<RenewalRunner> {
  const book = await RenewalBook.open(file, 'devnet');
  return new RenewalRunner({
    ledger: scene.ledger,
    params: scene.law.params,
    book,
    policy: policy(changes),
    kept: async () => [{ contract: scenario.id, keeps: 'film.mkv' }],
    renew,
    log: { info: () => undefined, warn: (_data, message) => warned.push(message) },
    nowMs: () => 0,
  });
}

const balance = async (): Promise<bigint> => {
  const { balance: coins } = await scene.ledger.account({ account: scenario.terms.client.account });
  return BigInt(coins);
};
const statusOf = async (id: string) => (await scene.ledger.contract({ id }))?.status;
const endHeight = async () => (await scene.ledger.contract({ id: scenario.id }))?.endHeight ?? 0;

test('a contract is renewed once before it ends; what it took is counted, and the successor is next', async () => {
  const runner = await open();
  await scene.mineTo((await endHeight()) - 16);
  await runner.pass(signal);
  expect(await statusOf(scenario.id)).toBe('active');
  await scene.mine();
  const before = await balance();
  const report = await runner.pass(signal);
  expect(await statusOf(scenario.id)).toBe('renewed');
  const [renewed] = report.renewed;
  expect(renewed).toMatchObject({ contract: scenario.id });
  expect(await statusOf(renewed?.successor ?? '')).toBe('active');
  // What the wallet paid, plus what the old contract gave back.
  const { items } = await scene.ledger.contractPostings({ id: scenario.id, limit: 200 });
  const refunded = items
    .filter(({ reason }) => reason === 'escrow-refunded')
    .map(({ amount }) => BigInt(amount));
  expect(report.plan.spent).toBe(before - (await balance()) + (refunded[0] ?? 0n));
  expect(renewed?.amount).toBe(report.plan.spent);
  expect(report.plan.contracts.map(({ contract }) => contract)).toEqual([renewed?.successor]);
  const spent = await balance();
  await runner.pass(signal);
  expect(await balance()).toBe(spent);
  expect(warned).toEqual([]);
}, 60_000);

test('a limit that is too small spends nothing and warns, once for each lead', async () => {
  const runner = await open({ limit: 1_000n });
  await scene.mineTo((await endHeight()) - 20);
  const before = await balance();
  const report = await runner.pass(signal);
  await runner.pass(signal);
  expect(await balance()).toBe(before);
  expect(report.plan.contracts[0]?.outlook).toBe('over-limit');
  expect(warned).toEqual([
    expect.stringMatching(/^contract .* of 'film\.mkv' lapses in 20 blocks.*of the limit of 1000 are left$/),
  ]);
}, 60_000);

test('after a crash in the middle of a renewal the chain tells how it went, and nothing is paid twice', async () => {
  const lost: RenewAction = async (request) => {
    // Before a coin moves it is on disk what may be spent: a kill right now forgets nothing.
    const { notes } = JSON.parse(await readFile(file, 'utf8')) as { notes: Record<string, unknown> };
    expect(notes[request.contract]).toMatchObject({ state: 'trying', amount: request.most.toString() });
    await renewForReal(request);
    throw new AppError({ code: 'wallet/not-confirmed', message: 'the answer was lost' });
  };
  await scene.mineTo((await endHeight()) - 10);
  await (await open({}, lost)).pass(signal);
  const book = await RenewalBook.open(file, 'devnet');
  expect(book.note(scenario.id)).toMatchObject({ state: 'trying', attempts: 1 });
  expect(book.note(scenario.id).amount).toBeGreaterThan(0n);
  const before = await balance();
  let calls = 0;
  const counted: RenewAction = (request) => {
    calls += 1;
    return renewForReal(request);
  };
  const report = await (await open({}, counted)).pass(signal);
  expect(await balance()).toBe(before);
  expect(report.renewed).toHaveLength(1);
  expect(report.plan.reserved).toBe(0n);
  // The successor's term is as short: it may be due itself, the old contract is not.
  expect(calls).toBe(0);
}, 60_000);

test('the money of a renewal whose outcome is not known stays reserved through a restart', async () => {
  const silent: RenewAction = async () => {
    throw new AppError({ code: 'wallet/not-confirmed', message: 'nobody mines' });
  };
  await scene.mineTo((await endHeight()) - 10);
  const { plan } = await (await open({}, silent)).pass(signal);
  const cost = plan.contracts[0]?.cost ?? 0n;
  expect(plan.reserved).toBe(cost);
  // With a limit of just this once, a second process cannot spend it on another contract.
  const again = await (await open({ limit: cost }, silent)).pass(signal);
  expect(again.plan).toMatchObject({ reserved: cost, renew: [] });
}, 60_000);

test('a refusal is retried no sooner than it should be, and warned about', async () => {
  let attempts = 0;
  const refusing: RenewAction = async (request) => {
    attempts += 1;
    if (attempts < 3) throw new AppError({ code: 'negotiation/declined', message: 'the provider is full' });
    return renewForReal(request);
  };
  const runner = await open({}, refusing);
  await scene.mineTo((await endHeight()) - 15);
  await runner.pass(signal);
  await runner.pass(signal);
  expect(attempts).toBe(1);
  expect(runner.report?.plan.contracts[0]).toMatchObject({
    outlook: 'refused',
    lapseWhy: 'attempt 1 failed: the provider is full',
  });
  for (let passes = 0; passes < 7 && (await statusOf(scenario.id)) === 'active'; passes++) {
    await scene.mine();
    await runner.pass(signal);
  }
  expect(attempts).toBe(3);
  expect(await statusOf(scenario.id)).toBe('renewed');
  expect(warned).toEqual(
    expect.arrayContaining([
      expect.stringContaining('could not be renewed: the provider is full'),
      expect.stringContaining('lapses in'),
    ]),
  );
}, 60_000);

test('a provider that withdrew its offer is named before anything is tried', async () => {
  const { provider } = scenario.terms;
  const body = { ...(await offerOf(provider.account)), capacityBytes: 0n };
  await scene.send(provider, { kind: 'offer', body });
  await scene.mineTo((await endHeight()) - 15);
  const report = await (await open()).pass(signal);
  expect(report.plan.contracts[0]).toMatchObject({
    outlook: 'refused',
    lapseWhy: 'its provider withdrew its offer',
  });
}, 60_000);

test('an attempt that is refused while an earlier one may still get in leaves its money reserved', async () => {
  await scene.mineTo((await endHeight()) - 12);
  const unknown = new AppError({ code: 'node/bad-answer', message: 'an answer cut short' });
  const answers: (() => Promise<never>)[] = [];
  const scripted: RenewAction = async (request) => {
    const answer = answers.shift();
    return answer === undefined ? renewForReal(request) : answer();
  };
  answers.push(
    () => Promise.reject(unknown),
    () => Promise.reject(new AppError({ code: 'ledger/refused', message: 'conflicts with one that waits' })),
  );
  const runner = await open({}, scripted);
  const { reserved } = (await runner.pass(signal)).plan;
  expect(reserved).toBeGreaterThan(0n);
  await scene.mine();
  await scene.mine();
  await scene.mine();
  const second = await runner.pass(signal);
  expect(second.plan.reserved).toBe(reserved);
  // Somebody hears of it all the same, in time to do something.
  expect(second.plan.contracts).toMatchObject([{ outlook: 'refused' }]);
  // The first one gets in after all: the chain tells, also after a restart, and it counts.
  await renewForReal({ contract: scenario.id, epochs: 2, most: LIMIT, signal });
  const report = await (await open()).pass(signal);
  expect(report.renewed).toHaveLength(1);
  expect(report.plan).toMatchObject({ reserved: 0n, spent: report.renewed[0]?.amount });
}, 60_000);

async function offerOf(provider: string) {
  const { offerSpace } = await import('#contracts');
  const {
    number: _number,
    publicKey: _key,
    publishedAt: _at,
    ...offer
  } = scene.ledger.chain.state.get(offerSpace, provider) ?? ({} as never);
  return offer;
}

describe('the book', () => {
  test('that is damaged is not begun anew: nobody knows what was spent', async () => {
    await (await open()).pass(signal);
    const whole = await readFile(file, 'utf8');
    await writeFile(file, whole.slice(0, whole.length / 2));
    await expect(RenewalBook.open(file, 'devnet')).rejects.toMatchObject({ code: 'renewals/damaged' });
    await writeFile(file, whole);
    await expect(RenewalBook.open(file, 'mainnet')).rejects.toMatchObject({ code: 'renewals/other-network' });
  });

  test('that cannot be written stops every renewal', async () => {
    await scene.mineTo((await endHeight()) - 10);
    file = join(scene.dataDir, 'a-file', 'renewals.json');
    const runner = await open();
    await writeFile(join(scene.dataDir, 'a-file'), '');
    const before = await balance();
    await expect(runner.pass(signal)).rejects.toMatchObject({ code: 'renewals/not-written' });
    expect(await balance()).toBe(before);
    expect(await statusOf(scenario.id)).toBe('active');
  });
});
