import type { KnownTransaction } from '#chain';
import {
  bountyPot,
  type ContractId,
  collateralPot,
  escrowPot,
  readsPot,
  reservePot,
  vestingPot,
} from '#chain';
import { assertInvariant } from '#errors';
import { fastDevnet } from '../../chain/testing/memory-chain.js';
import { dropLeaves } from '../drop/drop-leaves.js';
import { isTombstone } from '../terms/tombstone.js';
import {
  appended,
  dropTransaction,
  type RevisionChoices,
  redeemTransaction,
  renewed,
  renewTransaction,
  reviseTransaction,
} from './changes.js';
import { ContractScenario, createContractScenario, scenarioFragment } from './contract-scenario.js';

/** One random decision about a contract; what it means depends on where the contract is. */
export interface ContractStep {
  readonly action: 'append' | 'extend' | 'top-up' | 'drop' | 'redeem' | 'prove' | 'end' | 'renew' | 'wait';
  readonly size: number;
  readonly pick: number;
  /** Blocks after it, in which nothing but proofs happens. */
  readonly blocks: number;
}

/**
 * One contract under random changes by parties that sign whatever they are given. The fragments are kept as a plain list
 * beside the ledger; nothing of the law decides what is in it.
 */
export class ChangingContract {
  scenario: ContractScenario;
  /** As the open window lists them. */
  challenged: ContractScenario;
  /** Contracts that went on as others, with the one that is there now at the end. */
  readonly ids: ContractId[];
  /** Changes the ledger took, by action. */
  readonly taken = new Map<string, number>();
  private serial = 100;

  constructor() {
    // A burn price at which roundings show; revisions are refused for being too many now and then, not mostly.
    const mint = { ...fastDevnet.mint, burnPerGiBEpoch: 3_000_000_007n };
    const contract = { ...fastDevnet.contract, revisionsPerEpoch: 2, maxEpochs: 30 };
    const params = { ...fastDevnet, mint, contract };
    const offer = { pricePerGiBEpoch: 777_777_777_777n, maxEpochs: 30 };
    this.scenario = createContractScenario({ params, epochs: 3, fragmentLengths: [1, 5_000, 1_025], offer });
    const { chain } = this.scenario;
    const repair = { key: chain.miner.publicKey, maxBasePerEpoch: 1n, maxPricePerGiBEpoch: 1n };
    chain.mineBlock([this.scenario.formWith({ repair, reserve: 50n, readEscrow: 5_000n })]);
    this.challenged = this.scenario;
    this.ids = [this.scenario.id];
  }

  /** Mines what a step proposes, then its empty blocks; `check` runs after each block. */
  run(step: ContractStep, check: () => void): void {
    const change = this.propose(step);
    this.mine(change === undefined ? [] : [change.known]);
    if (change !== undefined && this.isTaken(change.known)) {
      this.taken.set(step.action, (this.taken.get(step.action) ?? 0) + 1);
      this.scenario = change.after();
      if (step.action === 'renew') {
        this.ids.push(this.scenario.id);
        this.challenged = this.scenario;
      }
    }
    this.follow();
    check();
    for (let block = 0; block < step.blocks; block++) {
      // Most providers prove by themselves; some steps are about those that do not.
      const proof = step.pick % 4 === 0 ? undefined : this.propose({ ...step, action: 'prove' });
      this.mine(proof === undefined ? [] : [proof.known]);
      this.follow();
      check();
    }
  }

  /** Nothing more happens but time, and an end where much is left of the term, until the contract has settled. */
  finish(check: () => void): void {
    const { nextEpoch, endEpoch } = this.scenario.contract;
    if (endEpoch - nextEpoch > 2) this.run({ action: 'end', size: 0, pick: 0, blocks: 0 }, check);
    while (this.scenario.contract.settledAt === undefined)
      this.run({ action: 'wait', size: 0, pick: 0, blocks: 0 }, check);
  }

  /** Coins in all pots of the contract there is now. */
  get pots(): readonly bigint[] {
    const { chain } = this.scenario;
    return [escrowPot, vestingPot, collateralPot, readsPot, reservePot, bountyPot].map((potOf) =>
      chain.pot(potOf(this.scenario.id)),
    );
  }

  private mine(transactions: readonly KnownTransaction[]): void {
    const { chain } = this.scenario;
    const added = chain.add(chain.draft(transactions));
    assertInvariant(added.ok, 'a block of what the template took is good');
  }

  private isTaken({ id }: KnownTransaction): boolean {
    return this.scenario.chain.tip.block.transactions.some((known) => known.id === id);
  }

  /** A block that opened a window fixed the list it is about. */
  private follow(): void {
    const { chain, contract } = this.scenario;
    if (contract.window?.challengeHeight === chain.height) this.challenged = this.scenario;
  }

  private propose(
    step: ContractStep,
  ): { known: KnownTransaction; after: () => ContractScenario } | undefined {
    const { scenario } = this;
    if (scenario.contract.status !== 'active') return undefined;
    const same = (known: KnownTransaction) => ({ known, after: () => scenario });
    const revise = (choices: RevisionChoices) => same(reviseTransaction(scenario, choices));
    switch (step.action) {
      case 'append': {
        const more = Array.from({ length: 1 + (step.pick % 3) }, () =>
          scenarioFragment(this.serial++, 1 + (step.size % 6_000)),
        );
        const extension = step.pick % 4 === 0 ? 1 : 0;
        const epochs = scenario.contract.epochs + extension;
        const known = reviseTransaction(scenario, { appended: more, epochs });
        return { known, after: () => appended(scenario, more) };
      }
      case 'extend':
        return revise({ epochs: scenario.contract.epochs + (step.pick % 3) });
      case 'top-up':
        return revise({
          changes: {
            addReserve: BigInt(step.size),
            addReadEscrow: BigInt(step.pick),
            addCollateral: BigInt(step.size % 77),
          },
        });
      case 'drop': {
        const { leaves } = scenario.terms;
        const live = leaves.flatMap((leaf, index) => (isTombstone(leaf) ? [] : [index]));
        const indexes = live.filter((index) => (step.pick >> (index % 10)) % 2 === 1);
        const after = dropLeaves(scenario.chain.law.crypto, leaves, indexes).leaves;
        const next = (): ContractScenario =>
          new ContractScenario(scenario.chain, { ...scenario.terms, leaves: after });
        return { known: dropTransaction(scenario, indexes), after: next };
      }
      case 'redeem':
        return same(redeemTransaction(scenario, scenario.contract.readsPaid + BigInt(step.pick % 300)));
      case 'prove': {
        if (scenario.contract.window === undefined) return undefined;
        return same(this.challenged.proveTransaction());
      }
      case 'end':
        return same(scenario.endTransaction());
      case 'renew': {
        const nonce = new Uint8Array(16).fill(this.ids.length + 1);
        const known = renewTransaction(scenario, {
          nonce,
          epochs: 1 + (step.pick % 4),
          readEscrow: BigInt(step.size),
        });
        return { known, after: () => renewed(scenario) };
      }
      case 'wait':
        return undefined;
    }
  }
}
