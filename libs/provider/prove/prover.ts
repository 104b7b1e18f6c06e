import { z } from 'zod';
import type { BlockId, ContractId } from '#chain';
import { challengePlan } from '#contracts';
import { AppError, type Violation, violationToText } from '#errors';
import { defineJob, type Job, type JobQueue, type Worker } from '#jobs';
import type { ChallengeView } from '#wire';
import type { ChainWatch, Tip } from '../chain/chain-watch.js';
import { signOwn } from '../chain/submit.js';
import type { ProviderContext } from '../provider-context.js';
import type { ProofBuilder } from './proof-builder.js';

/** One challenge to answer. */
const proveJob = defineJob(
  'prove-epoch',
  z.object({
    contract: z.string(),
    epoch: z.number().int(),
    /** Id of the challenge block. */
    blockId: z.string(),
    totalChunks: z.string(),
    closesAt: z.number().int(),
  }),
);
type ProvePayload = z.infer<typeof proveJob.payload>;

/** Few: every new block looks again at what is open, sooner than a long pause would. */
const ATTEMPTS = 3;
const BACKOFF_MS = 250;
/** Short: a killed process's job must be free again well within a window (devnet: eight seconds). */
const LEASE_MS = 2_000;
const CONCURRENCY = 2;

/** Answers every open challenge with a proof on chain, once: by a job for each contract and epoch. */
export class Prover {
  readonly #context: ProviderContext;
  readonly #watch: ChainWatch;
  readonly #builder: ProofBuilder;
  readonly #jobs: JobQueue;
  #worker: Worker | undefined;
  #open: readonly ChallengeView[] = [];

  constructor(context: ProviderContext, watch: ChainWatch, builder: ProofBuilder, jobs: JobQueue) {
    this.#context = context;
    this.#watch = watch;
    this.#builder = builder;
    this.#jobs = jobs;
  }

  /** The windows open at the last tip. */
  openChallenges(): readonly ChallengeView[] {
    return this.#open;
  }

  async start(): Promise<void> {
    this.#worker = await this.#jobs.work(proveJob, (job) => this.#prove(job), {
      concurrency: CONCURRENCY,
      leaseMs: LEASE_MS,
    });
  }

  async stop(): Promise<void> {
    await this.#worker?.close({ graceMs: 2_000 });
  }

  /** Looks at the open windows: what is neither proven nor under way becomes a job. */
  async sync(tip: Tip): Promise<void> {
    this.#open = await this.#context.ledger.challenges({ provider: this.#context.address });
    for (const challenge of this.#open) {
      if (!challenge.proven && (await this.#isDue(challenge, tip))) await this.#enqueue(challenge);
    }
    await this.#closeBooks(tip);
  }

  /** The next block must be able to hold the proof, and no proof for this very challenge may be under way. */
  async #isDue(challenge: ChallengeView, tip: Tip): Promise<boolean> {
    if (tip.height + 1 < challenge.opensAt || tip.height >= challenge.closesAt) return false;
    const proof = await this.#context.records.proofs.find(challenge.contract as ContractId, challenge.epoch);
    if (proof === undefined || proof.blockId !== challenge.blockId || proof.transactionId === '') return true;
    // Vanished after a reorganisation or a restart of the node: handed in again.
    return (await this.#context.ledger.transaction({ id: proof.transactionId })) === null;
  }

  async #enqueue(challenge: ChallengeView): Promise<void> {
    const { contract, epoch, blockId, totalChunks, closesAt } = challenge;
    await this.#jobs.enqueue(
      proveJob,
      { contract, epoch, blockId, totalChunks, closesAt },
      { jobId: `${contract}:${epoch}`, attempts: ATTEMPTS, backoffMs: BACKOFF_MS },
    );
  }

  async #prove({ payload }: Job<ProvePayload>): Promise<void> {
    const { crypto, params, logger } = this.#context;
    const contract = payload.contract as ContractId;
    const height = this.#watch.tip?.height ?? 0;
    if (height >= payload.closesAt) return;
    const plan = challengePlan(crypto, params, {
      contract,
      epoch: payload.epoch,
      blockId: payload.blockId as BlockId,
      totalChunks: BigInt(payload.totalChunks),
    });
    const leaves = await this.#builder.leaves(contract);
    const proof = leaves.ok ? await this.#builder.build(leaves.value, plan) : leaves;
    if (!proof.ok) {
      // No other attempt can help until the fragment is repaired; the window is looked at again with every block.
      logger.error({ violation: proof.violation, contract, epoch: payload.epoch }, 'cannot prove');
      return;
    }
    const transactionId = await this.#submit(payload, { contract, epoch: payload.epoch, proof: proof.value });
    if (transactionId === undefined) return;
    await this.#context.records.proofs.save({
      contract,
      epoch: payload.epoch,
      blockId: payload.blockId,
      transactionId,
      submittedAt: height,
      closesAt: payload.closesAt,
      state: 'submitted',
    });
    logger.info({ contract, epoch: payload.epoch, transaction: transactionId }, 'proof handed in');
  }

  /** Undefined where the ledger says that the proof is not wanted (any more). */
  async #submit(payload: ProvePayload, body: unknown): Promise<string | undefined> {
    const { ledger } = this.#context;
    const { id, hex } = signOwn(this.#context, 'prove', body, { lane: 0, sequence: 0n });
    // Handed in by a process that was killed before it could write so down.
    if ((await ledger.transaction({ id })) !== null) return id;
    try {
      await ledger.submitTransaction({ hex });
      return id;
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'ledger/refused') throw error;
      const violation = error.data['violation'] as Violation | undefined;
      const { contract, epoch } = payload;
      this.#context.logger.warn(
        { contract, epoch, violation },
        `proof not taken: ${violation === undefined ? error.message : violationToText(violation)}`,
      );
      return undefined;
    }
  }

  /** Proofs whose window is over, or that the chain shows as proven, are closed. */
  async #closeBooks(tip: Tip): Promise<void> {
    const { ledger, records, logger } = this.#context;
    for (const proof of await records.proofs.submitted()) {
      const challenge = this.#open.find(
        ({ contract, epoch }) => contract === proof.contract && epoch === proof.epoch,
      );
      if (challenge !== undefined && tip.height < proof.closesAt) continue;
      const known = await ledger.transaction({ id: proof.transactionId });
      const state = known?.status === 'confirmed' ? 'included' : 'missed';
      if (state === 'missed' && tip.height <= proof.closesAt) continue;
      await records.proofs.save({ ...proof, state });
      if (state === 'missed') logger.error({ ...proof }, 'proof did not reach the chain in time');
    }
  }
}
