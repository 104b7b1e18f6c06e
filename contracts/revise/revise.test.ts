import { beforeEach, describe, expect, test } from '@jest/globals';
import { BURN, type KnownTransaction, type PostingEvent, readsPot, reservePot } from '#chain';
import { fastDevnet } from '../../chain/testing/memory-chain.js';
import { escrowDue } from '../lifecycle/escrow.js';
import { endHeightExclusive, startHeight } from '../lifecycle/schedule.js';
import { burnPriceOf } from '../money/burn-price.js';
import { burnFor, shareOfUp, trancheOf } from '../money/price.js';
import { usageSpace } from '../offer/usage.js';
import {
  appended,
  dropped,
  dropTransaction,
  type RevisionChoices,
  reviseBody,
  reviseTransaction,
} from '../testing/changes.js';
import {
  type ContractScenario,
  createContractScenario,
  scenarioFragment,
  usualOffer,
} from '../testing/contract-scenario.js';
import { priceRevision } from './price-revision.js';

/** A burn price at which every rounding shows. */
const params = { ...fastDevnet, mint: { ...fastDevnet.mint, burnPerGiBEpoch: 1_000_000_000n } };
const MORE = [scenarioFragment(31, 40_000), scenarioFragment(32, 1)];

let scenario: ContractScenario;

beforeEach(() => {
  scenario = createContractScenario({ params, epochs: 5 });
  scenario.form();
});

/** Why a transaction does not get into the next block; nothing may change because of it. */
function refusalOf(known: KnownTransaction): string | undefined {
  const before = scenario.chain.snapshot();
  const rule = scenario.chain.template([known]).refusals[0]?.violation.rule;
  expect(scenario.chain.snapshot()).toEqual(before);
  return rule;
}

/** Mines a revision and returns its postings. */
function publish(choices: RevisionChoices): readonly PostingEvent[] {
  const { events } = scenario.chain.mineBlock([reviseTransaction(scenario, choices)]);
  if (choices.appended !== undefined) scenario = appended(scenario, choices.appended);
  return events.filter((event): event is PostingEvent => event.type === 'posting');
}

const burnedBy = (postings: readonly PostingEvent[]): bigint =>
  postings.reduce((sum, { to, amount }) => (to === BURN ? sum + amount : sum), 0n);

describe('a revision that appends', () => {
  test('is paid for every epoch not challenged yet, burns, opens a lot and takes capacity', () => {
    const { chain, terms } = scenario;
    const before = scenario.contract;
    const client = chain.balance(terms.client);
    const provider = chain.balance(terms.provider);
    const postings = publish({ appended: MORE, changes: { addCollateral: 2_000_000_000n } });
    const after = scenario.contract;
    const totalBytes = before.totalBytes + 40_001n;
    const tranche = trancheOf({ ...before, totalBytes });
    const burn = burnFor(1_000_000_000n, 40_001n, 5);
    expect(after).toMatchObject({
      leafCount: 7,
      totalBytes,
      totalChunks: before.totalChunks + 41n,
      tranche,
      revision: 1,
      burned: before.burned + burn,
      collateral: before.collateral + 2_000_000_000n,
      epochs: 5,
      endEpoch: 5,
    });
    expect(after.lots).toMatchObject([
      before.lots[0],
      { burned: burn, firstEpoch: 0, endEpoch: 5, firstLeaf: 5, leafCount: 2, bytes: 40_001n },
    ]);
    expect(burnedBy(postings)).toBe(burn);
    expect(scenario.pots.escrow).toBe(5n * tranche);
    expect(chain.balance(terms.client)).toBe(client - 5n * (tranche - before.tranche) - burn);
    expect(chain.balance(terms.provider)).toBe(provider - 2_000_000_000n);
    expect(chain.state.get(usageSpace, terms.provider.account)).toBe(totalBytes);
  });

  test('inside a proof window: the snapshot is proven and paid as it was, the next challenge is of the whole list', () => {
    scenario.openWindow(0);
    const old = scenario;
    const { chain, terms } = scenario;
    const { window, tranche: oldTranche, lots } = old.contract;
    publish({ appended: MORE });
    expect(scenario.contract.window).toEqual(window);
    expect(scenario.contract.nextEpoch).toBe(1);
    expect(scenario.contract.lots[1]).toMatchObject({ firstEpoch: 1, endEpoch: 5 });
    expect(refusalOf(scenario.proveTransaction())).toMatch(/^prove\//);
    const provider = chain.balance(terms.provider);
    chain.mineBlock([old.proveTransaction()]);
    const { contract } = scenario;
    expect(chain.balance(terms.provider)).toBe(provider + oldTranche - oldTranche / 10n);
    expect(contract.lots[0]?.minted).toBe(lots[0]?.inclusion);
    expect(contract.lots[1]?.minted).toBe(0n);
    scenario.openWindow(1);
    expect(scenario.contract.window).toMatchObject({ leafCount: 7, tranche: contract.tranche });
    expect(contract.tranche).toBeGreaterThan(oldTranche);
    expect(refusalOf(old.proveTransaction())).toMatch(/^prove\//);
    chain.mineBlock([scenario.proveTransaction()]);
    expect(scenario.contract.lots[1]?.minted).toBe(scenario.contract.lots[1]?.inclusion);
  });

  test('to a list with tombstones: the root is that of the list as it is', () => {
    const { chain } = scenario;
    chain.mineBlock([dropTransaction(scenario, [1, 3])]);
    const stale = reviseTransaction(scenario, { appended: MORE });
    expect(refusalOf(stale)).toBe('revise/frontier');
    scenario = dropped(scenario, [1, 3]);
    publish({ appended: MORE });
    expect(scenario.contract).toMatchObject({ leafCount: 7, totalBytes: 77_050n - 6_024n + 40_001n });
  });

  test('by either side, whatever the other does; the sender pays the fee', () => {
    const { chain, terms } = scenario;
    const client = chain.balance(terms.client);
    const provider = chain.balance(terms.provider);
    const known = reviseTransaction(scenario, { changes: { addReadEscrow: 5n } }, terms.provider, 17n);
    chain.mineBlock([known]);
    expect(chain.balance(terms.provider)).toBe(provider - 17n);
    expect(chain.balance(terms.client)).toBe(client - 5n);
    expect(refusalOf(known)).toBe('revise/number');
  });
});

describe('a revision that extends', () => {
  test('moves the end, burns for what was stored before, and the last epochs are proven', () => {
    const { chain } = scenario;
    scenario = createContractScenario({ params, epochs: 1 });
    scenario.form();
    expect(chain.height).toBeGreaterThan(0);
    scenario.proveEpoch(0);
    const before = scenario.contract;
    const postings = publish({ epochs: 3 });
    expect(burnedBy(postings)).toBe(burnFor(1_000_000_000n, before.totalBytes, 2));
    expect(scenario.contract).toMatchObject({
      epochs: 3,
      endEpoch: 3,
      nextEpoch: 1,
      tranche: before.tranche,
    });
    expect(scenario.contract.lots.at(-1)).toMatchObject({
      firstEpoch: 1,
      endEpoch: 3,
      firstLeaf: 0,
      leafCount: 5,
    });
    scenario.proveEpoch(1);
    scenario.proveEpoch(2);
    while (scenario.contract.status === 'active') scenario.chain.mineBlock();
    expect(scenario.contract).toMatchObject({ status: 'completed', proven: 3, missed: 0 });
  });

  test('in the last block of the term is challenged at its height; one block later there is nothing to extend', () => {
    scenario = createContractScenario({ params, epochs: 1 });
    scenario.form();
    scenario.proveEpoch(0);
    const { chain } = scenario;
    const endsAt = endHeightExclusive(params, scenario.contract);
    chain.mineTo(endsAt - 2);
    const late = reviseTransaction(scenario, { epochs: 2 });
    publish({ epochs: 2 });
    expect(chain.height).toBe(endsAt - 1);
    scenario.openWindow(1);
    expect(scenario.contract.window).toMatchObject({
      epoch: 1,
      challengeHeight: scenario.challengeHeight(1),
    });
    for (let back = chain.height; back >= endsAt - 1; back--) chain.revertTip();
    chain.mineBlock();
    expect(refusalOf(late)).toBe('revise/over');
  });

  test('after the client ended the contract is refused, an append too; coins are not', () => {
    const { chain } = scenario;
    scenario.proveEpoch(0);
    chain.mineBlock([scenario.endTransaction()]);
    expect(refusalOf(reviseTransaction(scenario, { epochs: 6 }))).toBe('revise/ending');
    expect(refusalOf(reviseTransaction(scenario, { appended: MORE }))).toBe('revise/ending');
    expect(refusalOf(reviseTransaction(scenario, { changes: { addReadEscrow: 1n } }))).toBeUndefined();
  });
});

describe('what a revision adds', () => {
  test('waits in the pots for reads and repair and returns at settlement', () => {
    const repairer = scenario.chain.wallet('repairer');
    scenario = createContractScenario({ params, epochs: 2 });
    const { chain, terms, id } = scenario;
    const repair = { key: repairer.publicKey, maxBasePerEpoch: 1n, maxPricePerGiBEpoch: 1n };
    chain.mineBlock([scenario.formWith({ repair, reserve: 5n })]);
    publish({ changes: { addReserve: 70n, addReadEscrow: 900n } });
    expect([chain.pot(reservePot(id)), chain.pot(readsPot(id))]).toEqual([75n, 900n]);
    const client = chain.balance(terms.client);
    const { tranche } = scenario.contract;
    chain.mineTo(startHeight(params, scenario.contract.registeredAt));
    chain.mineBlock([scenario.endTransaction()]);
    scenario.proveEpoch(0);
    while (scenario.contract.status === 'active') chain.mineBlock();
    expect(chain.balance(terms.client)).toBe(client + tranche + 975n);
  });

  test('the price a client is told is the price it pays', () => {
    const choices = { appended: MORE, epochs: 7 };
    const { chain, contract } = scenario;
    const { revision } = reviseBody(scenario, choices);
    const price = priceRevision(params, contract, revision, burnPriceOf(params, chain.state));
    const { escrow } = scenario.pots;
    const postings = publish(choices);
    expect(scenario.pots.escrow - escrow).toBe(price.escrowAdded);
    expect(burnedBy(postings)).toBe(price.burn);
    expect(escrowDue(scenario.contract)).toBe(price.escrowDue);
    expect(price.minCollateral).toBe(shareOfUp(price.escrowDue, 5_000n));
  });
});

describe('a revision that is lost or refused', () => {
  test('never harms the contract: not even when the last of its coins is missing', () => {
    const { chain, terms } = scenario;
    const { collateral } = scenario.contract;
    const greedy = reviseTransaction(scenario, {
      appended: MORE,
      changes: { addCollateral: chain.balance(terms.provider) + 1n },
    });
    const other = chain.transfer(terms.client, chain.miner.account, 1n);
    const block = chain.draft([greedy, other]);
    expect(block.transactions.map(({ id }) => id)).toEqual([other.id]);
    chain.mineBlock([other]);
    expect(scenario.contract).toMatchObject({ revision: 0, collateral, leafCount: 5 });
    scenario.proveEpoch(0);
    expect(scenario.contract.proven).toBe(1);
  });

  test('gives way to one with a higher number, in any order of publishing', () => {
    const { chain } = scenario;
    const low = reviseTransaction(scenario, { appended: MORE, changes: { number: 1 } });
    const high = reviseTransaction(scenario, { changes: { number: 2, addReadEscrow: 3n } });
    chain.mineBlock([high]);
    chain.mineTo(startHeight(params, scenario.contract.registeredAt) + 20);
    expect(refusalOf(low)).toBe('revise/number');
    expect(scenario.contract).toMatchObject({ revision: 2, leafCount: 5 });
  });

  test('because the provider is full: the old contract goes on', () => {
    const { chain, terms } = scenario;
    const { totalBytes } = scenario.contract;
    const offer = { ...usualOffer(terms.provider), capacityBytes: totalBytes + 40_000n };
    chain.mineBlock([chain.sign(terms.provider, 'offer', offer)]);
    expect(refusalOf(reviseTransaction(scenario, { appended: MORE }))).toBe('revise/capacity');
    expect(refusalOf(reviseTransaction(scenario, { appended: MORE.slice(0, 1) }))).toBeUndefined();
    scenario.proveEpoch(0);
    expect(scenario.contract).toMatchObject({ proven: 1, revision: 0 });
  });

  test('signed for another network or contract is nobody’s signature here', () => {
    const { chain, terms } = scenario;
    const right = reviseBody(scenario);
    const elsewhere = createContractScenario({ params: { ...params, networkId: 7 }, epochs: 5 });
    elsewhere.form();
    const { clientSignature, providerSignature } = reviseBody(elsewhere);
    for (const body of [{ clientSignature }, { providerSignature }]) {
      const forged = chain.sign(terms.client, 'revise', { ...right, ...body }, { lane: 0, sequence: 0n });
      expect(chain.add(chain.draft([forged]))).toMatchObject({ violation: { rule: 'tx/signature' } });
    }
  });

  test('in the block that fails the contract finds it active, in the next it does not', () => {
    for (const epoch of [0, 1]) scenario.missEpoch(epoch);
    const { chain } = scenario;
    chain.mineTo(scenario.lastProofHeight(2) - 1);
    const top = reviseTransaction(scenario, { changes: { addReadEscrow: 1n } });
    expect(refusalOf(top)).toBeUndefined();
    chain.mineBlock([top]);
    expect(scenario.contract.status).toBe('failed');
    expect(chain.pot(readsPot(scenario.id))).toBe(0n);
    expect(refusalOf(reviseTransaction(scenario))).toBe('revise/not-active');
  });
});
