import { parentPort } from 'node:worker_threads';
import { decodeChecks } from './check-codec.js';
import { nativeCrypto } from './native-crypto.js';

/** One shard of a batch for a worker: the flat checks, answered by one byte each. */
export interface VerifyRequest {
  readonly id: number;
  readonly flat: Uint8Array<ArrayBuffer>;
}

/** The verdicts of a shard, 1 for a good signature, in the order of the checks. */
export interface VerifyAnswer {
  readonly id: number;
  readonly verdicts: Uint8Array<ArrayBuffer>;
}

parentPort?.on('message', ({ id, flat }: VerifyRequest) => {
  const verdicts = Uint8Array.from(nativeCrypto.verifyBatch(decodeChecks(flat)), Number);
  const answer: VerifyAnswer = { id, verdicts };
  parentPort?.postMessage(answer, [verdicts.buffer]);
});
