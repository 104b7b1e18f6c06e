import { Worker } from 'node:worker_threads';
import type { SignatureCheck } from '#crypto';
import { AppError, assertInvariant } from '#errors';
import { encodeChecks } from './check-codec.js';
import type { VerifyAnswer, VerifyRequest } from './verify-worker.js';

/** Signature checks on worker threads: a block's worth at once, the event loop stays free. */
export interface VerifyPool {
  /**
   * Verdicts in the order of the checks, by the pinned rule. Rejects with AppError `verify-pool/closed` or
   * `verify-pool/worker-died`, never with a wrong verdict.
   */
  verifyBatch(checks: readonly SignatureCheck[]): Promise<boolean[]>;
  /** Stops all workers and rejects what is under way. Idempotent; nothing is left when it resolves. */
  close(): Promise<void>;
}

/** Less than this is not worth another thread's waking up: small blocks come many at a time, each to the next thread. */
const minShardChecks = 64;

interface PendingShard {
  resolve(verdicts: Uint8Array): void;
  reject(error: AppError): void;
}

/** One worker and the shards it owes. It keeps the process alive only while it owes any. */
class VerifyThread {
  private readonly pending = new Map<number, PendingShard>();
  private readonly worker: Worker;
  private nextId = 0;

  constructor(onDeath: (thread: VerifyThread) => void) {
    this.worker = new Worker(new URL('./verify-worker.js', import.meta.url));
    this.worker.on('message', ({ id, verdicts }: VerifyAnswer) => {
      this.pending.get(id)?.resolve(verdicts);
      this.forget(id);
    });
    const die = (cause: unknown): void => {
      onDeath(this);
      this.rejectAll({
        code: 'verify-pool/worker-died',
        message: `a signature worker ended in the middle of ${this.pending.size} batches`,
        next: 'submit the block or transaction again; the pool starts a new worker by itself',
        cause,
      });
    };
    this.worker.on('error', die);
    this.worker.on('exit', (exitCode) => die(`exit code ${exitCode}`));
    // After the listeners: adding one makes the worker hold the process again.
    this.worker.unref();
  }

  verify(flat: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    const request: VerifyRequest = { id: this.nextId++, flat };
    return new Promise((resolve, reject) => {
      this.pending.set(request.id, { resolve, reject });
      this.worker.ref();
      this.worker.postMessage(request, [flat.buffer]);
    });
  }

  async stop(): Promise<void> {
    this.rejectAll({
      code: 'verify-pool/closed',
      message: `the pool of signature workers was closed with ${this.pending.size} batches under way`,
    });
    await this.worker.terminate();
  }

  private forget(id: number): void {
    this.pending.delete(id);
    if (this.pending.size === 0) this.worker.unref();
  }

  private rejectAll(details: ConstructorParameters<typeof AppError>[0]): void {
    const error = new AppError(details);
    for (const [id, shard] of this.pending) {
      shard.reject(error);
      this.forget(id);
    }
  }
}

function isWellFormed({ publicKey, signature }: SignatureCheck): boolean {
  return publicKey.length === 32 && signature.length === 64;
}

/** Packed checks for one worker, and where each stands in the batch. */
interface Shard {
  readonly positions: readonly number[];
  readonly flat: Uint8Array<ArrayBuffer>;
}

/** Shards of about the same size; malformed checks are in none. */
function toShards(checks: readonly SignatureCheck[], workers: number): Shard[] {
  const positions: number[] = [];
  for (const [at, check] of checks.entries()) if (isWellFormed(check)) positions.push(at);
  const shardSize = Math.max(minShardChecks, Math.ceil(positions.length / workers));
  const shards: Shard[] = [];
  for (let from = 0; from < positions.length; from += shardSize) {
    const part = positions.slice(from, from + shardSize);
    shards.push({
      positions: part,
      flat: encodeChecks(part.map((at) => checks[at] as SignatureCheck)),
    });
  }
  return shards;
}

/** Starts a pool of signature workers, one thread each. */
export function createVerifyPool({ workers }: { readonly workers: number }): VerifyPool {
  assertInvariant(
    Number.isInteger(workers) && workers >= 1,
    `a pool needs at least one worker, got ${workers}`,
  );
  let isClosed = false;
  let nextSlot = 0;
  // A dead thread leaves its slot empty until it is needed: one that cannot start must not spin the machine.
  const threads: (VerifyThread | undefined)[] = [];
  const threadAt = (slot: number): VerifyThread => {
    const running = threads[slot];
    if (running !== undefined) return running;
    const started = new VerifyThread((dead) => {
      if (threads[slot] === dead) threads[slot] = undefined;
    });
    threads[slot] = started;
    return started;
  };
  for (let slot = 0; slot < workers; slot++) threadAt(slot);

  // The checks themselves are not held while they are under way: a block has thousands.
  const verifyShards = async (shards: readonly Shard[], count: number): Promise<boolean[]> => {
    const verdicts = new Array<boolean>(count).fill(false);
    await Promise.all(
      shards.map(async ({ positions, flat }) => {
        const thread = threadAt(nextSlot);
        nextSlot = (nextSlot + 1) % workers;
        const answers = await thread.verify(flat);
        for (const [index, position] of positions.entries()) verdicts[position] = answers[index] === 1;
      }),
    );
    return verdicts;
  };

  return {
    verifyBatch(checks) {
      if (isClosed) {
        return Promise.reject(
          new AppError({
            code: 'verify-pool/closed',
            message: 'the pool of signature workers is closed',
            next: 'the service is stopping: try again when it is up',
          }),
        );
      }
      return verifyShards(toShards(checks, workers), checks.length);
    },
    async close() {
      isClosed = true;
      await Promise.all(threads.map((thread) => thread?.stop()));
    },
  };
}
