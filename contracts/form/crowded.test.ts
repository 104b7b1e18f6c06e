import { beforeEach, describe, expect, test } from '@jest/globals';
import type { KnownTransaction } from '#chain';
import { u32le } from '#crypto';
import { fastDevnet } from '../../chain/testing/memory-chain.js';
import { dueKey } from '../lifecycle/due-index.js';
import { challengeHeight } from '../lifecycle/schedule.js';
import { contractIdOf } from '../terms/agreement.js';
import { renewTransaction } from '../testing/changes.js';
import { type ContractScenario, createContractScenario } from '../testing/contract-scenario.js';
import { RepairScenario } from '../testing/repair-scenario.js';

const params = { ...fastDevnet, contract: { ...fastDevnet.contract, maxSlotContracts: 2 } };

let scenario: ContractScenario;
let ground = 0;

beforeEach(() => {
  scenario = createContractScenario({ params, epochs: 3, offer: { capacityBytes: 1n << 40n } });
  ground = 0;
});

/** The list of the schedule that a contract of this nonce is in when it is first challenged, formed in the next block. */
function firstList(nonce: Uint8Array): { readonly list: string; readonly height: number } {
  const { chain, terms } = scenario;
  const { crypto } = chain.law;
  const id = contractIdOf(crypto, params, { ...terms.agreement, nonce });
  const height = challengeHeight({ params, crypto }, id, { registeredAt: chain.height + 1 }, 0);
  return { list: dueKey(id, height), height };
}

/** Forms of contracts in one list at one height, epochs apart, as an attacker grinds them. */
function formInto(isWanted: (list: string, height: number) => boolean): KnownTransaction {
  for (;;) {
    const nonce = new Uint8Array(16);
    nonce.set(u32le(++ground));
    const { list, height } = firstList(nonce);
    if (isWanted(list, height)) return scenario.formWith({ nonce, formBy: scenario.chain.height + 2 });
  }
}

const refusalOf = (transaction: KnownTransaction): unknown =>
  scenario.chain.template([transaction]).refusals[0]?.violation;

describe('form/crowded', () => {
  test('contracts ground to be challenged together find no room beyond the bound, elsewhere they do', () => {
    const { chain } = scenario;
    const { list: crowd, height } = firstList(new Uint8Array(16));
    chain.mineBlock([formInto((list) => list === crowd)]);
    chain.mineBlock([formInto((list) => list === crowd)]);
    const third = formInto((list) => list === crowd);
    expect(refusalOf(third)).toMatchObject({
      rule: 'form/crowded',
      challengedAt: height,
      waiting: 2,
      max: 2,
    });
    expect(refusalOf(formInto((list, at) => at === height && list !== crowd))).toBeUndefined();
    expect(
      refusalOf(formInto((list, at) => at !== height && list.split(':')[1] === crowd.split(':')[1])),
    ).toBe(undefined);
    // A block later the same contract has another slot.
    chain.mineBlock();
    expect(refusalOf(third)).toBeUndefined();
  });

  test('a contract is counted before its challenge, in the block of it, in its window, and after', () => {
    const { chain } = scenario;
    const { epochBlocks } = params.contract;
    const { list: crowd, height: first } = firstList(new Uint8Array(16));
    const bucket = crowd.split(':')[1];
    chain.mineBlock([formInto((list) => list === crowd)]);
    chain.mineBlock([formInto((list) => list === crowd)]);
    let asked = 0;
    // Two misses: both are still active.
    while (chain.height < first + epochBlocks + params.contract.windowBlocks - 1) {
      const next = [first, first + epochBlocks, first + 2 * epochBlocks].find(
        (height) => height >= chain.height + 1 + params.contract.startDelayBlocks,
      );
      const reachable =
        next !== undefined && next < chain.height + 1 + params.contract.startDelayBlocks + epochBlocks;
      if (reachable) {
        const form = formInto((list, at) => at === next && list.split(':')[1] === bucket);
        expect([chain.height, refusalOf(form)]).toMatchObject([chain.height, { rule: 'form/crowded' }]);
        asked++;
      }
      chain.mineBlock();
    }
    expect(asked).toBeGreaterThan(epochBlocks);
  });

  test('a renewal and a replacement need room as well', () => {
    const repair = new RepairScenario({ params, epochs: 6 });
    scenario = repair.old;
    const { chain } = scenario;
    const { crypto } = chain.law;
    chain.mineBlock([repair.drainTransaction()]);
    const { list: crowd } = firstList(new Uint8Array(16).fill(7));
    chain.mineBlock([formInto((list) => list === crowd)]);
    chain.mineBlock([formInto((list) => list === crowd)]);
    /** A nonce with which a contract of this provider is in the crowd, or is not. */
    const nonceFor = (providerKey: Uint8Array, isCrowded: boolean): Uint8Array => {
      for (;;) {
        const nonce = new Uint8Array(16);
        nonce.set(u32le(++ground));
        const { clientKey } = scenario.terms.agreement;
        const id = contractIdOf(crypto, params, { clientKey, providerKey, nonce });
        const height = challengeHeight({ params, crypto }, id, { registeredAt: chain.height + 1 }, 0);
        if ((dueKey(id, height) === crowd) === isCrowded) return nonce;
      }
    };
    for (const isCrowded of [true, false]) {
      const same = nonceFor(scenario.terms.provider.publicKey, isCrowded);
      const other = nonceFor(repair.holder.publicKey, isCrowded);
      const expected = isCrowded ? expect.objectContaining({ rule: 'form/crowded' }) : undefined;
      expect(refusalOf(renewTransaction(scenario, { nonce: same, epochs: 3 }))).toEqual(expected);
      expect(refusalOf(repair.replaceTransaction({ nonce: other }))).toEqual(expected);
    }
  });
});
