import type { ContractId } from '#chain';
import type { ProveBody } from '#contracts';
import { AppError, type Violation, violationToText } from '#errors';
import type { ChallengeView, FeeEstimateView } from '#wire';
import type { Tip } from '../chain/chain-watch.js';
import { signOwn } from '../chain/submit.js';
import type { ProviderContext } from '../provider-context.js';
import { proofFeePerByte } from './proof-fee.js';

/** A proof has no number: its contract and epoch make it unique. */
const UNNUMBERED = { lane: 0, sequence: 0n };

/** Hands proofs in, again where they vanished, and with a higher fee as their deadline nears. */
export class ProofSubmitter {
  readonly #context: ProviderContext;
  #asked: { readonly tipId: string; readonly estimate: FeeEstimateView } | undefined;

  constructor(context: ProviderContext) {
    this.#context = context;
  }

  /**
   * Sees to it that the proof of a challenge waits on the node with the fee it needs at this height.
   * @returns what the ledger has against it, or undefined
   * @throws AppError of the node
   */
  async ensure(challenge: ChallengeView, body: ProveBody, tip: Tip): Promise<Violation | undefined> {
    const { records, ledger } = this.#context;
    const contract = challenge.contract as ContractId;
    const known = await records.proofs.find(contract, challenge.epoch);
    const waiting =
      known === undefined || known.blockId !== challenge.blockId || known.transactionId === ''
        ? null
        : await ledger.transaction({ id: known.transactionId });
    // In a block: the state says otherwise only until the node's index has caught up with a reorganisation.
    if (waiting?.status === 'confirmed') return undefined;
    const feePerByte = proofFeePerByte(await this.#estimate(tip), challenge, tip.height + 1);
    const paid = waiting === null ? 0n : BigInt(waiting.fee) / BigInt(waiting.sizeBytes);
    // Passing a proof on again costs everybody: not for less than a quarter more.
    if (waiting !== null && 4n * feePerByte < 5n * paid) return undefined;
    return this.#submit(challenge, body, tip, { feePerByte, isRaise: waiting !== null });
  }

  /** Asked once for each tip, whatever the number of proofs. */
  async #estimate(tip: Tip): Promise<FeeEstimateView> {
    if (this.#asked?.tipId !== tip.id)
      this.#asked = { tipId: tip.id, estimate: await this.#context.ledger.feeEstimate() };
    return this.#asked.estimate;
  }

  async #submit(
    challenge: ChallengeView,
    body: ProveBody,
    tip: Tip,
    { feePerByte, isRaise }: { readonly feePerByte: bigint; readonly isRaise: boolean },
  ): Promise<Violation | undefined> {
    const violation = await this.#send(challenge, body, tip, await this.#capped(challenge, body, feePerByte));
    // What waits keeps waiting: it need not be replaced at any price.
    if (isRaise) return undefined;
    const minFee = violation?.['minFee'];
    if (violation === undefined || minFee === undefined) return violation;
    // The answer to a challenge block that was abandoned still waits in its place, and must go.
    const { sizeBytes } = signOwn(this.#context, 'prove', body, UNNUMBERED);
    const needed = (BigInt(String(minFee)) + BigInt(sizeBytes) - 1n) / BigInt(sizeBytes);
    return this.#send(challenge, body, tip, needed);
  }

  /** A fee is for keeping the price of the epoch: above it, it would be paid for nothing. */
  async #capped(challenge: ChallengeView, body: ProveBody, feePerByte: bigint): Promise<bigint> {
    const view = await this.#context.ledger.contract({ id: challenge.contract });
    const { sizeBytes } = signOwn(this.#context, 'prove', body, UNNUMBERED);
    const most = BigInt(view?.tranche ?? 0) / BigInt(sizeBytes);
    if (feePerByte <= most) return feePerByte;
    return most > 1n ? most : 1n;
  }

  async #send(
    challenge: ChallengeView,
    body: ProveBody,
    tip: Tip,
    feePerByte: bigint,
  ): Promise<Violation | undefined> {
    const { ledger, records, logger } = this.#context;
    const { contract, epoch, blockId, closesAt } = challenge;
    const { id, hex } = signOwn(this.#context, 'prove', body, { ...UNNUMBERED, feePerByte });
    // Handed in by a process that was killed before it could write so down.
    if ((await ledger.transaction({ id })) === null) {
      try {
        await ledger.submitTransaction({ hex });
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'ledger/refused') throw error;
        const violation = error.data['violation'] as Violation | undefined;
        logger.warn(
          { contract, epoch, violation },
          `proof not taken: ${violation === undefined ? error.message : violationToText(violation)}`,
        );
        return violation ?? { rule: error.code };
      }
    }
    await records.proofs.save({
      contract: contract as ContractId,
      epoch,
      blockId,
      transactionId: id,
      submittedAt: tip.height,
      closesAt,
      state: 'submitted',
    });
    logger.info({ contract, epoch, transaction: id, feePerByte: String(feePerByte) }, 'proof handed in');
    return undefined;
  }
}
