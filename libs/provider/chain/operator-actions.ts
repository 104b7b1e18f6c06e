import { AppError, type Violation, violationToText } from '#errors';
import type { ContractView } from '#wire';
import type { ProviderContext } from '../provider-context.js';
import type { Redeemer } from '../reads/redeemer.js';
import type { ChainWatch } from './chain-watch.js';
import { submitInLane } from './submit.js';

/** What became of a contract that the operator wanted to skip an epoch of, or to leave. */
export interface OperatorOutcome {
  readonly contract: string;
  /** The epoch that will not be challenged. */
  readonly epoch?: number;
  readonly transaction?: string;
  /** Why not, where it was not done. */
  readonly why?: string;
}

/** What the operator decides: maintenance without a strike, and leaving. */
export class OperatorActions {
  readonly #context: ProviderContext;
  readonly #watch: ChainWatch;
  readonly #views: () => readonly ContractView[];
  readonly #redeemer: Redeemer;

  constructor(
    context: ProviderContext,
    watch: ChainWatch,
    views: () => readonly ContractView[],
    redeemer: Redeemer,
  ) {
    this.#context = context;
    this.#watch = watch;
    this.#views = views;
    this.#redeemer = redeemer;
  }

  /**
   * Declares maintenance in the next epoch whose challenge is not drawn yet, of the contracts named or of all: no
   * challenge, no pay, no strike. One for each contract and term.
   */
  async skip(contracts?: readonly string[]): Promise<OperatorOutcome[]> {
    const outcomes: OperatorOutcome[] = [];
    for (const view of await this.#chosen(contracts)) {
      const epoch = this.#nextEpoch(view);
      const refusal =
        view.skip === null
          ? epoch >= view.endEpoch
            ? 'no challenge is to come'
            : undefined
          : `maintenance was declared for epoch ${view.skip}`;
      outcomes.push(
        refusal === undefined
          ? { epoch, ...(await this.#submit(view.id, 'skip', { contract: view.id, epoch })) }
          : { contract: view.id, why: refusal },
      );
    }
    return outcomes;
  }

  /**
   * Says that this provider wants to leave the contracts named, or all: from then on their repairers may give them to
   * others. It goes on proving until then. Read vouchers are cashed first. Leaving all of them withdraws the offer.
   */
  async drain(contracts?: readonly string[]): Promise<OperatorOutcome[]> {
    if (contracts === undefined) await this.#context.records.setDraining(true);
    const outcomes: OperatorOutcome[] = [];
    for (const view of await this.#chosen(contracts)) {
      if (view.drainedAt !== null) {
        outcomes.push({ contract: view.id, why: `it was declared in block ${view.drainedAt}` });
        continue;
      }
      await this.#redeemer.redeem(view);
      outcomes.push(await this.#submit(view.id, 'drain', { contract: view.id }));
    }
    return outcomes;
  }

  /** Takes new contracts again; what was declared about old ones stays. */
  async stay(): Promise<void> {
    await this.#context.records.setDraining(false);
  }

  async #chosen(contracts: readonly string[] | undefined): Promise<ContractView[]> {
    const { ledger, address } = this.#context;
    const ids = contracts ?? this.#views().flatMap(({ id, status }) => (status === 'active' ? [id] : []));
    const chosen: ContractView[] = [];
    for (const id of ids) {
      const view = await ledger.contract({ id });
      if (view !== null && view.providerAddress === address && view.status === 'active') chosen.push(view);
    }
    return chosen;
  }

  /** A challenge that the next block brings is too late for. */
  #nextEpoch({ nextEpoch, nextChallengeHeight }: ContractView): number {
    const soonest = (this.#watch.tip?.height ?? 0) + 2;
    return nextChallengeHeight !== null && nextChallengeHeight < soonest ? nextEpoch + 1 : nextEpoch;
  }

  async #submit(contract: string, kind: 'skip' | 'drain', body: unknown): Promise<OperatorOutcome> {
    try {
      const transaction = await submitInLane(this.#context, kind, body);
      this.#context.logger.info({ contract, transaction }, `${kind} handed to the node`);
      return { contract, transaction };
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'ledger/refused') throw error;
      const violation = error.data['violation'] as Violation | undefined;
      return { contract, why: violation === undefined ? error.message : violationToText(violation) };
    }
  }
}
