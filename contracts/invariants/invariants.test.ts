import { describe, expect, test } from '@jest/globals';
import {
  type AccountId,
  accountPot,
  type BlockView,
  BURN,
  collateralPot,
  escrowPot,
  MINT,
  POOL,
  PROOF_MINT,
  potSpace,
  reservePot,
  type TxKind,
  vestingPot,
} from '#chain';
import { nobleCrypto } from '#crypto';
import { InvariantError } from '#errors';
import { fastDevnet, MemoryChain } from '../../chain/testing/memory-chain.js';
import { contractSpace, type StorageContract } from '../lifecycle/contract-object.js';
import { dueKey, dueSpace } from '../lifecycle/due-index.js';
import { contractsModule } from '../module.js';
import { createNetworkLaw } from '../network-law.js';
import { usageSpace } from '../offer/usage.js';
import { prove } from '../prove/prove.js';
import { type ContractScenario, createContractScenario } from '../testing/contract-scenario.js';
import { withInvariants } from './with-invariants.js';

const PARAMS = { ...fastDevnet, mint: { ...fastDevnet.mint, burnPerGiBEpoch: 1_000_000_000_000n } };

/** A fault that happens at the end of the next block, once it is armed. */
interface Trap {
  spring?: (view: BlockView) => void;
}

/** A contract under a law that does everything right and then what the trap says. */
function trapped(epochs = 4): { readonly scenario: ContractScenario; readonly trap: Trap } {
  const trap: Trap = {};
  const faulty = {
    ...contractsModule,
    endBlock(view: BlockView): void {
      contractsModule.endBlock(view);
      trap.spring?.(view);
    },
  };
  const modules = withInvariants([faulty]);
  const scenario = createContractScenario({ params: PARAMS, epochs, fragmentLengths: [1, 3_000], modules });
  scenario.form();
  return { scenario, trap };
}

const stranger = 'ab'.repeat(20) as AccountId;

function change(view: BlockView, scenario: ContractScenario, changes: Partial<StorageContract>): void {
  const contract = view.get(contractSpace, scenario.id) as StorageContract;
  view.put(contractSpace, scenario.id, { ...contract, ...changes });
}

type Fault = (view: BlockView, scenario: ContractScenario) => void;

/** Faults of a contract that was just formed. */
const FAULTS: readonly (readonly [string, RegExp, Fault])[] = [
  [
    'a coin from nowhere',
    /changed by other than its postings/,
    (view) => view.put(potSpace, accountPot(stranger), 1n),
  ],
  [
    'coins that vanish',
    /changed by other than its postings/,
    (view, { id }) => view.remove(potSpace, escrowPot(id)),
  ],
  [
    'coins that wait for the next block',
    /left between blocks/,
    (view) => view.mustMove(MINT, PROOF_MINT, 1n, 'x', 'x'),
  ],
  [
    'coins minted for no proof',
    /minted other than the lots/,
    (view) => view.mustMove(MINT, POOL, 1n, 'mint-pool', 'ab'.repeat(32)),
  ],
  [
    'a tranche for a stranger',
    /'tranche' went astray/,
    (view, { id }) => view.mustMove(escrowPot(id), accountPot(stranger), 1n, 'tranche', id),
  ],
  [
    'a tranche without a proof',
    /paid other than proven/,
    (view, { id, terms }) => {
      view.mustMove(escrowPot(id), accountPot(terms.provider.account), 1n, 'tranche', id);
      touch(view, id);
    },
  ],
  [
    'a refund too early',
    /moved before it/,
    (view, { id, terms }) => {
      view.mustMove(escrowPot(id), accountPot(terms.client.account), 1n, 'escrow-refunded', id);
      touch(view, id);
    },
  ],
  [
    'an escrow that does not reach',
    /escrow is not what is due/,
    (view, { id, terms }) =>
      view.mustMove(escrowPot(id), accountPot(terms.client.account), 1n, 'escrow-refunded', id),
  ],
  [
    'an escrow that somebody filled up',
    /'escrow' came astray/,
    (view, { id, terms }) =>
      view.mustMove(accountPot(terms.provider.account), escrowPot(id), 1n, 'escrow', id),
  ],
  [
    'coins for a contract that is not there',
    /no contract/,
    (view, { terms }) =>
      view.mustMove(accountPot(terms.client.account), escrowPot('cd'.repeat(32) as never), 1n, 'escrow', 'x'),
  ],
  [
    'a slash without a miss',
    /slashed other than a miss costs/,
    (view, { id }) => {
      view.mustMove(collateralPot(id), BURN, 2n, 'slash-burned', id);
      touch(view, id);
    },
  ],
  [
    'collateral returned while it is needed',
    /moved before it/,
    (view, { id, terms }) => {
      view.mustMove(collateralPot(id), accountPot(terms.provider.account), 2n, 'collateral-returned', id);
      touch(view, id);
    },
  ],
  [
    'collateral that goes to the client',
    /went astray/,
    (view, { id, terms }) =>
      view.mustMove(collateralPot(id), accountPot(terms.client.account), 2n, 'collateral-returned', id),
  ],
  [
    'collateral counted and not locked',
    /terms changed without a revision/,
    (view, scenario) => change(view, scenario, { collateral: 1n }),
  ],
  [
    'a longer term for nothing',
    /terms changed/,
    (view, scenario) => change(view, scenario, { epochs: 9, endEpoch: 9 }),
  ],
  [
    'another root',
    /another commitment/,
    (view, scenario) => change(view, scenario, { root: new Uint8Array(32) }),
  ],
  ['another payout', /payout changed/, (view, scenario) => change(view, scenario, { payout: stranger })],
  ['an epoch left out', /epochs left out/, (view, scenario) => change(view, scenario, { nextEpoch: 2 })],
  [
    'a proof that nobody sent',
    /asked for and answered differ/,
    (view, scenario) => change(view, scenario, { proven: 1 }),
  ],
  [
    'a miss that was none',
    /asked for and answered differ/,
    (view, scenario) => change(view, scenario, { missed: 1 }),
  ],
  [
    'a window of another block',
    /no challenge of this block/,
    (view, scenario) => {
      const { root, leafCount, totalChunks, tranche } = scenario.contract;
      const window = { epoch: 0, challengeHeight: 1, root, leafCount, totalChunks, tranche, proven: false };
      change(view, scenario, { window, nextEpoch: 1 });
    },
  ],
  [
    'over, and its coins still there',
    /coins are left|settled and said so differ/,
    (view, scenario) => change(view, scenario, { status: 'completed', settledAt: view.height }),
  ],
  [
    'over, and not settled',
    /over and not settled/,
    (view, scenario) => change(view, scenario, { status: 'ended' }),
  ],
  [
    'a lot that begins minted',
    /lot above its burn|turned back|begins minted|differ/,
    (view, scenario) =>
      change(view, scenario, { lots: scenario.contract.lots.map((lot) => ({ ...lot, minted: 1n })) }),
  ],
  [
    'a lot above its burn',
    /a lot above its burn/,
    (view, scenario) =>
      change(view, scenario, {
        lots: scenario.contract.lots.map((lot) => ({ ...lot, minted: lot.burned + 1n })),
      }),
  ],
  [
    'a lot nobody burned for',
    /lots of more than was burned/,
    (view, scenario) => {
      const { lots } = scenario.contract;
      change(view, scenario, { lots: [...lots, ...lots.map((lot) => ({ ...lot, firstLeaf: 7 }))] });
    },
  ],
  ['a lot forgotten', /forgotten/, (view, scenario) => change(view, scenario, { lots: [] })],
  [
    'minted and not counted',
    /taken from lots differ/,
    (view, scenario) => change(view, scenario, { minted: 1n }),
  ],
  [
    'burned and not counted',
    /burned and counted differ/,
    (view, scenario) => change(view, scenario, { burned: 1n }),
  ],
  ['reads paid and not counted', /reads paid/, (view, scenario) => change(view, scenario, { readsPaid: 1n })],
  [
    'a contract that waits for ever',
    /due nowhere/,
    (view, scenario) => {
      view.remove(dueSpace, dueKey(scenario.id, scenario.contract.dueAt));
      touch(view, scenario.id);
    },
  ],
  [
    'a contract due at another height',
    /due nowhere/,
    (view, scenario) => change(view, scenario, { dueAt: 999 }),
  ],
  [
    'usage that is not counted',
    /usage is not the bytes/,
    (view, { terms }) => view.remove(usageSpace, terms.provider.account),
  ],
  [
    'a fee out of a reserve',
    /went astray|changed by other/,
    (view, { id, terms }) => {
      view.mustMove(accountPot(terms.client.account), reservePot(id), 5n, 'reserve', id);
      view.mustMove(reservePot(id), accountPot(terms.client.account), 5n, 'fee', id);
    },
  ],
  [
    'transitions out of order',
    /out of order/,
    (view) => {
      for (const subject of ['bb', 'aa'])
        view.emit({ type: 'object', name: 'contract/x', subject, data: {} });
    },
  ],
  [
    'settled twice',
    /settled twice/,
    (view, { id }) => {
      for (let time = 0; time < 2; time++)
        view.emit({ type: 'object', name: 'contract/settled', subject: id, data: {} });
    },
  ],
];

/** The contract is among those a block changed, though nothing about it did. */
function touch(view: BlockView, id: ContractScenario['id']): void {
  view.put(contractSpace, id, { ...(view.get(contractSpace, id) as StorageContract) });
}

describe('what every block is held against', () => {
  test.each(FAULTS)('catches %s', (_what, message, fault) => {
    const { scenario, trap } = trapped();
    trap.spring = (view) => fault(view, scenario);
    expect(() => scenario.chain.mineBlock()).toThrow(InvariantError);
    expect(() => scenario.chain.mineBlock()).toThrow(message);
    delete trap.spring;
    scenario.chain.mineBlock();
  });

  test('names height, contract and figures', () => {
    const { scenario, trap } = trapped();
    const { id, chain } = scenario;
    const { escrow } = scenario.pots;
    trap.spring = (view) =>
      view.mustMove(escrowPot(id), accountPot(scenario.terms.client.account), 1n, 'escrow-refunded', id);
    expect(() => chain.mineBlock()).toThrow(
      `block ${chain.height + 1}, ${id}: the escrow is not what is due (escrow ${escrow - 1n}, due ${escrow})`,
    );
  });

  test.each([
    ['is paid', { proven: 2 }],
    ['is active again', { status: 'active' as const }],
    ['changes its successor', { successor: 'ab'.repeat(32) as never }],
  ])('catches a contract that is over and %s', (_what, changes) => {
    const { scenario, trap } = trapped(1);
    while (scenario.contract.status === 'active') scenario.chain.mineBlock();
    trap.spring = (view) => change(view, scenario, changes);
    expect(() => scenario.chain.mineBlock()).toThrow(/a contract that was over changed/);
  });

  test('catches a revision number that falls', () => {
    const { scenario, trap } = trapped();
    trap.spring = (view) => change(view, scenario, { revision: 5 });
    scenario.chain.mineBlock();
    trap.spring = (view) => change(view, scenario, { revision: 4 });
    expect(() => scenario.chain.mineBlock()).toThrow(/a revision number fell/);
  });

  test('catches a slash that is not half burned, and vesting paid early', () => {
    const { scenario, trap } = trapped();
    const { id, terms } = scenario;
    scenario.proveEpoch(0);
    trap.spring = (view) => {
      view.mustMove(vestingPot(id), accountPot(terms.provider.account), 1n, 'vesting-paid', id);
      touch(view, id);
    };
    expect(() => scenario.chain.mineBlock()).toThrow(/moved before it/);
    delete trap.spring;
    scenario.chain.mineTo(scenario.lastProofHeight(1) - 1);
    trap.spring = (view) =>
      view.mustMove(collateralPot(id), accountPot(terms.client.account), 1n, 'slash-to-client', id);
    expect(() => scenario.chain.mineBlock()).toThrow(/slashed other than a miss costs/);
  });
});

describe('a law with a faulty rule', () => {
  const provingBy = (apply: TxKind<'prove', never>['apply']): ContractScenario => {
    const kinds = contractsModule.kinds.map((kind) => (kind.name === 'prove' ? { ...prove, apply } : kind));
    const modules = withInvariants([{ ...contractsModule, kinds: kinds as never }]);
    const scenario = createContractScenario({ params: PARAMS, epochs: 4, fragmentLengths: [9], modules });
    scenario.form();
    scenario.openWindow();
    return scenario;
  };

  test.each([
    [
      'pays a proof twice',
      /paid other than proven/,
      (view: BlockView, { id, contract }: ContractScenario) =>
        view.mustMove(escrowPot(id), accountPot(contract.payout), contract.tranche, 'tranche', id),
    ],
    [
      'mints to the miner again',
      /differ|other than the lots/,
      (view: BlockView, { id }: ContractScenario) =>
        view.mustMove(MINT, PROOF_MINT, 1n, 'mint-inclusion', id),
    ],
    [
      'mints by a rule of its own',
      /taken from lots differ/,
      (view: BlockView, { id }: ContractScenario) =>
        view.mustMove(MINT, PROOF_MINT, 1n, 'mint-of-another-rule', id),
    ],
    [
      'keeps the window open',
      /paid other than proven|answered differ/,
      (view: BlockView, scenario: ContractScenario) =>
        change(view, scenario, { proven: 0, window: scenario.contract.window }),
    ],
    [
      'vests out of the payout account',
      /came astray/,
      (view: BlockView, { id, terms }: ContractScenario) =>
        view.mustMove(accountPot(terms.provider.account), vestingPot(id), 1n, 'tranche-vesting', id),
    ],
  ])('that %s is caught in the block that does it', (_what, message, more) => {
    let scenario: ContractScenario | undefined;
    scenario = provingBy((view, body, context) => {
      const violation = prove.apply(view, body, context);
      if (violation === undefined) more(view, scenario as ContractScenario);
      return violation;
    });
    const proof = scenario.proveTransaction();
    expect(() => (scenario as ContractScenario).chain.mineBlock([proof])).toThrow(message);
  });
});

describe('the network’s law', () => {
  test('checks where it is told to, and says the same of every block', () => {
    const plain = createNetworkLaw(fastDevnet, nobleCrypto);
    const checking = createNetworkLaw(fastDevnet, nobleCrypto, { checkInvariants: true });
    expect(plain.modules.map(({ name }) => name)).not.toContain('invariants');
    expect(checking.modules.map(({ name }) => name)).toContain('invariants');
    const chains = [new MemoryChain(plain), new MemoryChain(checking)] as const;
    for (const chain of chains) chain.mineTo(3);
    expect(chains[1].stateTree.root).toEqual(chains[0].stateTree.root);
  });
});
