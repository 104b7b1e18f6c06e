import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { createNetworkLaw } from '#contracts';
import { nativeCrypto } from '#crypto-native';
import { AppError, InvariantError } from '#errors';
import type { ChainRecovery, StorageNotice } from '../chain/open-chain.js';
import { closedError } from '../closed-error.js';
import type { OpenLedgerOptions, OwnLedger } from '../embedded-ledger.js';
import { ledgerOverPort } from './ledger-over-port.js';
import { type WireError, wireToError } from './wire-error.js';

/** What a ledger in a thread of its own is opened with: plain values that can be handed over. */
export interface OpenLedgerWorkerOptions
  extends Pick<
    OpenLedgerOptions,
    | 'dataDir'
    | 'params'
    | 'databaseUrl'
    | 'mempool'
    | 'upkeep'
    | 'isRebuild'
    | 'checkInvariants'
    | 'onNotice'
    | 'onError'
  > {
  /** Threads that check signatures, besides the law's own. */
  readonly verifyThreads: number;
  /**
   * Told when the law's thread ended by itself: memory may be wrong, so the process must not go on. Default: the error is
   * thrown where nobody catches it.
   */
  readonly onDeath?: (error: InvariantError) => void;
}

/** Objects of a few full blocks. */
const YOUNG_GENERATION_MIB = 96;

/** What the thread gets. */
export interface LawWorkerOptions {
  readonly ledger: Pick<
    OpenLedgerOptions,
    'dataDir' | 'params' | 'databaseUrl' | 'mempool' | 'upkeep' | 'isRebuild' | 'checkInvariants'
  >;
  readonly verifyThreads: number;
  readonly port: MessagePort;
}

/** What the thread says beside answering calls. */
export type LawWorkerMessage =
  | { readonly type: 'opened'; readonly recovery: ChainRecovery | undefined }
  | { readonly type: 'failed'; readonly error: WireError }
  | { readonly type: 'notice'; readonly notice: StorageNotice }
  | { readonly type: 'trouble'; readonly error: WireError }
  | { readonly type: 'died'; readonly error: WireError }
  | { readonly type: 'closed' };

/**
 * Opens a node's ledger in a worker thread, with native crypto, signature threads and the system's clock, so that
 * validating a block never holds up the sockets of this one.
 * @throws AppError as `openLedger` does; calls after the thread has died reject with `ledger/worker-died`
 */
export async function openLedgerWorker(options: OpenLedgerWorkerOptions): Promise<OwnLedger> {
  const { verifyThreads, onNotice, onError, onDeath = throwUncaught, ...ledger } = options;
  const { port1, port2 } = new MessageChannel();
  const workerData: LawWorkerOptions = { ledger, verifyThreads, port: port2 };
  const worker = new Worker(new URL('./law-worker.js', import.meta.url), {
    workerData,
    transferList: [port2],
    // A block's decoded objects die young, all at once: with room for them the collector has nothing to copy.
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB },
  });
  const remote = ledgerOverPort(port1);
  let isExpected = false;
  let failure: unknown;
  worker.on('error', (error) => {
    failure = error;
  });
  const exited = new Promise<number>((resolve) => worker.once('exit', resolve)).then((exitCode) => {
    port1.close();
    if (isExpected) {
      remote.end(closedError());
      return;
    }
    const cause = failure ?? `exit code ${exitCode}`;
    remote.end(deathError(cause));
    onDeath(new InvariantError(`${deathError(cause).message}: ${causeToText(cause)}`));
  });
  const opened = await new Promise<{ readonly recovery: ChainRecovery | undefined }>((resolve, reject) => {
    worker.on('message', (message: LawWorkerMessage) => {
      if (message.type === 'opened') resolve(message);
      if (message.type === 'notice') onNotice?.(message.notice);
      if (message.type === 'trouble') onError?.(wireToError(message.error));
      if (message.type === 'died') {
        failure = wireToError(message.error);
        remote.end(deathError(failure));
      }
      if (message.type === 'failed') failure = wireToError(message.error);
      if (message.type === 'closed' || message.type === 'failed') {
        isExpected = true;
        void worker.terminate();
      }
    });
    void exited.then(() => reject(isExpected && failure instanceof AppError ? failure : deathError(failure)));
  });
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    worker.postMessage('close');
    await exited;
  };
  return {
    ...remote,
    law: createNetworkLaw(options.params, nativeCrypto),
    recovery: opened.recovery,
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}

function throwUncaught(error: InvariantError): void {
  queueMicrotask(() => {
    throw error;
  });
}

function deathError(cause: unknown): AppError {
  return new AppError({
    code: 'ledger/worker-died',
    message: "the ledger's thread ended in the middle of its work",
    next: 'start the process again: everything acknowledged is on disk; if it happens again, keep the log and report it',
    cause,
  });
}

function causeToText(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
