import type { BlockId, ContractId } from '#chain';
import { challengePlan } from '#contracts';
import { AppError, type Violation, violationToText } from '#errors';
import type { ChallengeView } from '#wire';
import type { ChainWatch, Tip } from '../chain/chain-watch.js';
import type { ProviderContext } from '../provider-context.js';
import type { ProofBuilder } from './proof-builder.js';
import { createDuty, dutyKey, type ProofDuty, type ProofProblem } from './proof-duty.js';
import { ProofSubmitter } from './proof-submitter.js';

/** Proofs made at once: reading is the disk's work, hashing one thread's. */
const CONCURRENCY = 2;

/** What keeps a proof from being made or taken. */
type Trouble = Pick<ProofProblem, 'code' | 'message'>;

/**
 * Answers every open challenge with a proof on chain. What is to be done follows from the chain alone, at every tip: so
 * a restart, a node that was away and a reorganisation need no memory, and no clock is asked for anything. Proofs are
 * made when the challenge block is there, before they can be handed in.
 */
export class Prover {
  readonly #context: ProviderContext;
  readonly #watch: ChainWatch;
  readonly #builder: ProofBuilder;
  readonly #submitter: ProofSubmitter;
  readonly #duties = new Map<string, ProofDuty>();
  readonly #running = new Set<Promise<void>>();
  #isStopping = false;

  constructor(context: ProviderContext, watch: ChainWatch, builder: ProofBuilder) {
    this.#context = context;
    this.#watch = watch;
    this.#builder = builder;
    this.#submitter = new ProofSubmitter(context);
  }

  /** The windows open at the last tip, and how their proofs are getting on. */
  duties(): readonly ProofDuty[] {
    return [...this.#duties.values()];
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#running);
  }

  /** Looks at the open windows; whatever is not proven is worked on meanwhile. */
  async sync(tip: Tip): Promise<void> {
    await this.#context.store.registry.look();
    const open = await this.#context.ledger.challenges({ provider: this.#context.address });
    const keys = new Set(open.map(dutyKey));
    for (const key of this.#duties.keys()) if (!keys.has(key)) this.#duties.delete(key);
    for (const challenge of open) this.#meet(challenge);
    this.#work();
    await this.#closeBooks(open, tip);
  }

  #meet(challenge: ChallengeView): void {
    const key = dutyKey(challenge);
    const known = this.#duties.get(key);
    // Another challenge block draws other chunks: what was made for the old one answers nothing.
    const duty = known?.challenge.blockId === challenge.blockId ? known : createDuty(challenge);
    this.#duties.set(key, Object.assign(duty, { challenge, isDue: !challenge.proven }));
    // On the chain: thousands of windows are open at once. After a reorganisation it is made again.
    if (challenge.proven) duty.proof = undefined;
  }

  /** Starts what is due, the nearest deadline first. */
  #work(): void {
    const due = [...this.#duties.values()]
      .filter(({ isDue, isRunning }) => isDue && !isRunning)
      .sort((a, b) => a.challenge.closesAt - b.challenge.closesAt);
    for (const duty of due) {
      if (this.#isStopping || this.#running.size >= CONCURRENCY) return;
      duty.isDue = false;
      duty.isRunning = true;
      const run: Promise<void> = this.#advance(duty).finally(() => {
        duty.isRunning = false;
        this.#running.delete(run);
        this.#work();
      });
      this.#running.add(run);
    }
  }

  /** One attempt; the next tip brings the next one. */
  async #advance(duty: ProofDuty): Promise<void> {
    const tip = this.#watch.tip;
    if (tip === undefined || tip.height >= duty.challenge.closesAt) return;
    try {
      this.#note(duty, tip, (await this.#prepare(duty)) ?? (await this.#handIn(duty, tip)));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.#note(duty, tip, error);
    }
  }

  /** Makes the proof, once. */
  async #prepare(duty: ProofDuty): Promise<Trouble | undefined> {
    if (duty.proof !== undefined) return undefined;
    const { crypto, params } = this.#context;
    const { contract, epoch, blockId, totalChunks } = duty.challenge;
    const leaves = await this.#builder.leavesAt(contract as ContractId, duty.challenge);
    if (leaves === undefined) {
      const message = `the list of ${duty.challenge.leafCount} fragments the challenge was drawn from is not known`;
      return { code: 'proof/other-list', message };
    }
    const plan = challengePlan(crypto, params, {
      contract: contract as ContractId,
      epoch,
      blockId: blockId as BlockId,
      totalChunks: BigInt(totalChunks),
    });
    const proof = await this.#builder.build(leaves, plan);
    if (!proof.ok) return violationToTrouble(proof.violation);
    duty.proof = proof.value;
    return undefined;
  }

  /** Only once the next block may hold it, and only while its challenge block is on the chain. */
  async #handIn(duty: ProofDuty, tip: Tip): Promise<Trouble | undefined> {
    const { challenge, proof } = duty;
    if (proof === undefined || tip.height + 1 < challenge.opensAt) return undefined;
    if (this.#duties.get(dutyKey(challenge)) !== duty) return undefined;
    const { epoch } = challenge;
    const violation = await this.#submitter.ensure(
      challenge,
      { contract: challenge.contract as ContractId, epoch, proof },
      tip,
    );
    return violation === undefined ? undefined : violationToTrouble(violation);
  }

  #note(duty: ProofDuty, tip: Tip, trouble: Trouble | undefined): void {
    const { contract, epoch, closesAt } = duty.challenge;
    if (trouble === undefined) {
      duty.problem = undefined;
      return;
    }
    const { code, message } = trouble;
    const sinceHeight = duty.problem?.code === code ? duty.problem.sinceHeight : tip.height;
    duty.problem = { code, message, sinceHeight };
    this.#context.logger.error(
      { contract, epoch, code, dueInBlocks: closesAt - tip.height },
      `cannot prove: ${message}`,
    );
  }

  /** Proofs whose window is over, or that the chain shows as proven, are closed. */
  async #closeBooks(open: readonly ChallengeView[], tip: Tip): Promise<void> {
    const { ledger, records, logger } = this.#context;
    for (const proof of await records.proofs.submitted()) {
      const isOpen = open.some(({ contract, epoch }) => contract === proof.contract && epoch === proof.epoch);
      if (isOpen && tip.height < proof.closesAt) continue;
      const known = await ledger.transaction({ id: proof.transactionId });
      const state = known?.status === 'confirmed' ? 'included' : 'missed';
      if (state === 'missed' && tip.height <= proof.closesAt) continue;
      await records.proofs.save({ ...proof, state });
      if (state === 'missed') logger.error({ ...proof }, 'proof did not reach the chain in time');
    }
  }
}

function violationToTrouble(violation: Violation): Trouble {
  return { code: violation.rule, message: violationToText(violation) };
}
