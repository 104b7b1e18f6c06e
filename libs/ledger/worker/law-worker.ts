import { setFlagsFromString } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { createVerifyPool, nativeCrypto } from '#crypto-native';
import { AppError } from '#errors';
import { type EmbeddedLedger, openLedger } from '../embedded-ledger.js';
import type { LawWorkerMessage, LawWorkerOptions } from './open-ledger-worker.js';
import { serveLedger } from './serve-ledger.js';
import { errorToWire } from './wire-error.js';

/**
 * V8 lets a heap grow to four times what lives in it before it looks for what died there, and blocks under way live just
 * long enough to end up in the part that is looked at so rarely. Twice what lives keeps a syncing node's memory flat and
 * smaller; less than that costs large blocks more collecting than it saves. The flag is the process's: there is none for one heap.
 */
setFlagsFromString('--heap-growing-percent=100');

/** The thread the law runs in: it opens the ledger, answers on the port it was given, and closes when told to. */
const options = workerData as LawWorkerOptions;

function tell(message: LawWorkerMessage): void {
  parentPort?.postMessage(message);
}

function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new AppError({ code: 'ledger/trouble', message });
}

/**
 * A broken assumption: the process will end. The files are closed first, because the database driver aborts the whole
 * process where a thread ends in the middle of a statement, and nobody would read why.
 */
function dieWith(ledger: EmbeddedLedger): void {
  let isDying = false;
  process.on('uncaughtException', (error) => {
    if (isDying) return;
    isDying = true;
    tell({ type: 'died', error: errorToWire(toAppError(error)) });
    const end = (): void => process.exit(1);
    ledger.abandon().then(end, end);
  });
}

async function run(): Promise<void> {
  const pool = createVerifyPool({ workers: options.verifyThreads });
  try {
    const ledger = await openLedger({
      ...options.ledger,
      crypto: nativeCrypto,
      verifyBatch: (checks) => pool.verifyBatch(checks),
      clock: () => Math.floor(Date.now() / 1_000),
      onNotice: (notice) => tell({ type: 'notice', notice }),
      onError: (error) => tell({ type: 'trouble', error: errorToWire(toAppError(error)) }),
    });
    dieWith(ledger);
    const stopServing = serveLedger(ledger, options.port);
    const close = async (): Promise<void> => {
      await ledger.close();
      stopServing();
      await pool.close();
      options.port.close();
      parentPort?.removeAllListeners();
      tell({ type: 'closed' });
    };
    parentPort?.on('message', () => void close());
    tell({ type: 'opened', recovery: ledger.recovery });
  } catch (error) {
    await pool.close();
    if (!(error instanceof AppError)) throw error;
    options.port.close();
    tell({ type: 'failed', error: errorToWire(error) });
  }
}

await run();
