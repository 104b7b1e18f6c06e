import { afterAll, describe, expect, test } from '@jest/globals';
import { type ContractId, type KnownTransaction, potKind, potSpace } from '#chain';
import type { Wallet } from '../../chain/testing/wallet.js';
import { contractSpace } from '../lifecycle/contract-object.js';
import { windowOpenHeight } from '../lifecycle/schedule.js';
import {
  appended,
  dropped,
  dropTransaction,
  renewalTerms,
  renewTransaction,
  reviseTransaction,
} from '../testing/changes.js';
import {
  ContractScenario,
  challengeProof,
  scenarioFragment,
  usualOffer,
} from '../testing/contract-scenario.js';
import { RepairScenario } from '../testing/repair-scenario.js';
import { replacementCause, restOfTerm } from './replacement.js';

type Role = 'client' | 'provider' | 'repairer';

/** A contract and what was done to it; the contract as its parties know it then. */
type State = (scenario: RepairScenario) => ContractScenario;

const STATES: Readonly<Record<string, State>> = {
  formed: ({ old }) => old,
  'an open window': ({ old, chain }) => {
    chain.mineTo(old.challengeHeight());
    return old;
  },
  'an open window that is proven': ({ old }) => {
    old.proveEpoch();
    return old;
  },
  'missed once': ({ old }) => {
    old.missEpoch();
    return old;
  },
  'missed twice': ({ old }) => {
    old.missEpoch(0);
    old.missEpoch(1);
    return old;
  },
  'failed, its reserve waiting': (scenario) => {
    scenario.fail();
    return scenario.old;
  },
  'ended early': ({ old, chain }) => {
    old.proveEpoch();
    chain.mineBlock([old.endTransaction()]);
    return old;
  },
  'ended before it began': ({ old, chain }) => {
    chain.mineBlock([old.endTransaction()]);
    return old;
  },
  drained: (scenario) => {
    scenario.chain.mineBlock([scenario.drainTransaction()]);
    return scenario.old;
  },
  'a skip declared': (scenario) => {
    scenario.chain.mineBlock([scenario.skipTransaction(1)]);
    return scenario.old;
  },
  'appended to and extended': ({ old, chain }) => {
    const more = [scenarioFragment(77, 2_000)];
    chain.mineBlock([reviseTransaction(old, { appended: more, epochs: 7 })]);
    return appended(old, more);
  },
  'partly dropped': ({ old, chain }) => {
    chain.mineTo(old.challengeHeight());
    chain.mineBlock([dropTransaction(old, [1])]);
    // The window's list has it still; those that come later have not.
    old.missEpoch();
    return dropped(old, [1]);
  },
  renewed: ({ old, chain }) => {
    const terms = renewalTerms(old, { epochs: 4 });
    chain.mineBlock([renewTransaction(old, { epochs: 4 })]);
    return new ContractScenario(chain, terms);
  },
  'replaced after a miss': (scenario) => {
    scenario.old.missEpoch();
    return scenario.replace();
  },
  'replaced after a failure': (scenario) => {
    scenario.fail();
    return scenario.replace();
  },
  'replaced, and proven by the new holder': (scenario) => {
    scenario.old.missEpoch();
    const next = scenario.replace();
    next.proveEpoch();
    return next;
  },
};

const SILENT: readonly (readonly [string, readonly Role[]])[] = [
  ['nobody', []],
  ['the client', ['client']],
  ['every provider', ['provider']],
  ['the repairer', ['repairer']],
  ['client and repairer', ['client', 'repairer']],
  ['client and every provider', ['client', 'provider']],
  ['everybody', ['client', 'provider', 'repairer']],
];

/** What those who are not silent do in the next block. */
function doings(
  scenario: RepairScenario,
  known: ContractScenario,
  silent: readonly Role[],
): KnownTransaction[] {
  const { chain, repairer } = scenario;
  const { params } = chain.law;
  const made: KnownTransaction[] = [];
  const holders = [scenario.old.terms.provider, scenario.holder, chain.wallet('third')];
  let lane = 100;
  for (const [id, contract] of chain.state.entries(contractSpace)) {
    if (contract.settledAt !== undefined) continue;
    const provider = holders.find(({ account }) => account === contract.provider) as Wallet;
    const { window } = contract;
    const isProvable =
      window !== undefined &&
      !window.proven &&
      window.leafCount === known.terms.leaves.length &&
      chain.height + 1 >= windowOpenHeight(params, window.challengeHeight);
    if (!silent.includes('provider') && isProvable) {
      const proof = challengeProof(chain, { ...known.terms, id: id as ContractId });
      made.push(chain.sign(provider, 'prove', { contract: id, epoch: window.epoch, proof }));
    }
    if (!silent.includes('repairer') && replacementCause(contract) !== undefined) {
      const rest = restOfTerm(params, contract, chain.height + 1).epochs;
      const next = holders.find((wallet) => wallet !== provider && wallet !== holders[0]) as Wallet;
      if (rest === 0 || chain.height % 3 > 0) continue;
      const agreement = scenario.agreementOf(contract, next, chain.height);
      made.push(
        chain.sign(repairer, 'replace', scenario.body(agreement, next, id as ContractId), { lane: lane++ }),
      );
    }
    if (!silent.includes('client') && chain.height % 50 === 0)
      made.push(chain.sign(scenario.old.terms.client, 'end', { contract: id }, { lane: lane++ }));
  }
  // What the law refuses by then is left out, as a miner would.
  return [...chain.template(made).transactions];
}

/** Replacements and proofs in all of them: where nobody does anything, the silence of one side says nothing. */
const done = { replaced: 0, proven: 0 };

afterAll(() => {
  expect(done.replaced).toBeGreaterThan(20);
  expect(done.proven).toBeGreaterThan(50);
});

describe.each(Object.entries(STATES))('%s: every coin is back after a finite height', (_state, lead) => {
  test.each(SILENT)('with %s silent', (_who, silent) => {
    const scenario = new RepairScenario({ epochs: 5, readEscrow: 3_000n });
    const { chain } = scenario;
    const third = chain.wallet('third');
    chain.fund(1_000_000_000_000n, third);
    chain.mineBlock([chain.sign(third, 'offer', usualOffer(third))]);
    const known = lead(scenario);
    const { epochBlocks, windowBlocks, repairBlocks, settleDelayBlocks, startDelayBlocks } =
      chain.law.params.contract;
    // The longest term, one epoch of shift for each replacement, the last failure's wait.
    const bound =
      chain.height + 9 * (epochBlocks + startDelayBlocks) + windowBlocks + settleDelayBlocks + repairBlocks;
    const isOpen = (): boolean =>
      [...chain.state.entries(contractSpace)].some(([, { settledAt }]) => settledAt === undefined);
    while (isOpen()) {
      expect(chain.height).toBeLessThan(bound);
      chain.mineBlock(doings(scenario, known, silent));
    }
    for (const [, { status, proven }] of chain.state.entries(contractSpace)) {
      if (status === 'replaced') done.replaced += 1;
      done.proven += proven;
    }
    const left = [...chain.state.entries(potSpace)].map(([pot]) => potKind(pot));
    expect(new Set(left)).toEqual(
      new Set(left.filter((kind) => ['account', 'reward', 'pool'].includes(kind))),
    );
    const { minted, burned, held } = chain.audit();
    expect(held).toBe(minted - burned);
  });
});
