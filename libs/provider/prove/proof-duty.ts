import type { StorageProof } from '#contracts';
import type { ChallengeView } from '#wire';

/** Why a proof could not be made or handed in, the last time it was tried. */
export interface ProofProblem {
  /** Rule or error code. */
  readonly code: string;
  readonly message: string;
  /** Height of the tip when it was first met. */
  readonly sinceHeight: number;
}

/** One open challenge and how far its answer is. Another challenge block draws other chunks and makes another duty. */
export interface ProofDuty {
  readonly challenge: ChallengeView;
  /** Made as soon as the challenge is known, so that trouble shows itself while there is time. */
  proof: StorageProof | undefined;
  problem: ProofProblem | undefined;
  /** To be looked at since the last tip. */
  isDue: boolean;
  isRunning: boolean;
}

/** A challenge nobody has looked at. */
export function createDuty(challenge: ChallengeView): ProofDuty {
  return { challenge, proof: undefined, problem: undefined, isDue: true, isRunning: false };
}

/** Its contract and epoch: one proof answers them. */
export function dutyKey({ contract, epoch }: Pick<ChallengeView, 'contract' | 'epoch'>): string {
  return `${contract}:${epoch}`;
}
