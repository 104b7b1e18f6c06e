import type { MessagePort, Transferable } from 'node:worker_threads';
import type { AppError } from '#errors';
import type { LedgerEventView } from '#wire';
import type { ChainAccess, ChainAccessEvent } from '../chain-access.js';
import { parseEventId } from '../events/event-stream.js';
import { LEDGER_METHODS, type LedgerPort } from '../port.js';
import { PortCalls } from './port-calls.js';
import type { AccessMethod, FromLaw, ServedLedger } from './serve-ledger.js';

/** The port as this side of it looks. */
type ClientPort = Pick<MessagePort, 'postMessage'> & {
  on(event: 'message', listener: (message: FromLaw) => void): unknown;
};

/** A ledger in another thread: every call is one message there and one back. */
export interface RemoteLedger extends ServedLedger {
  /** Ends every call and stream with an error: the other thread is gone. */
  end(error: AppError): void;
}

/** The ledger that `serveLedger` answers for on the other end. */
export function ledgerOverPort(port: ClientPort): RemoteLedger {
  const calls = new PortCalls(port);
  const listeners = new Set<(event: ChainAccessEvent) => void>();
  let nextStream = 0;
  port.on('message', (message) => {
    if (message.type === 'event') for (const listener of listeners) listener(message.event);
    else calls.answered(message);
  });
  const methods = LEDGER_METHODS.map((name) => [name, (request?: unknown) => calls.call(name, request)]);
  return {
    ...(Object.fromEntries(methods) as Omit<LedgerPort, 'follow'>),
    follow: (request, signal) => openStream(calls, nextStream++, request.lastEventId, signal),
    access: accessOver(calls, listeners),
    indexed: (timeoutMs) => calls.call('indexed', timeoutMs),
    end: (error) => calls.end(error),
  };
}

function accessOver(calls: PortCalls, listeners: Set<(event: ChainAccessEvent) => void>): ChainAccess {
  const call = <T>(method: AccessMethod, request?: unknown, transfer?: readonly Transferable[]) =>
    calls.call<T>(`access.${method}`, request, transfer);
  const send = <T>(method: AccessMethod, bytes: Uint8Array) => {
    // A copy of exactly these bytes: the caller keeps its own, and the view's whole memory must not travel along.
    const own = new Uint8Array(bytes);
    return call<T>(method, own, [own.buffer]);
  };
  return {
    tip: () => call('tip'),
    bestHeader: () => call('bestHeader'),
    headerPoint: (id) => call('headerPoint', id),
    locator: () => call('locator'),
    headersAfter: (request) => call('headersAfter', request),
    submitHeaders: (headers) => send('submitHeaders', headers),
    missingBodies: (request) => call('missingBodies', request),
    knowledge: (ids) => call('knowledge', ids),
    blockBytes: (id) => call('blockBytes', id),
    submitBlock: (bytes) => send('submitBlock', bytes),
    submitTransaction: (bytes) => send('submitTransaction', bytes),
    waitingTransactions: (ids) => call('waitingTransactions', ids),
    waitingIds: () => call('waitingIds'),
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Begins at once: what happens before the first event is asked for must not be missed. */
function openStream(
  calls: PortCalls,
  stream: number,
  lastEventId: string | undefined,
  signal: AbortSignal,
): AsyncIterable<LedgerEventView> {
  // A malformed id is told before anything is waited for, as it is without a thread in between.
  if (lastEventId !== undefined) parseEventId(lastEventId);
  const opened = calls.call('follow.open', { stream, ...(lastEventId !== undefined && { lastEventId }) });
  // Reported to whoever reads the stream.
  opened.catch(() => undefined);
  const close = (): void => {
    calls.call('follow.close', stream).catch(() => undefined);
  };
  if (signal.aborted) close();
  else signal.addEventListener('abort', close, { once: true });
  return readStream(calls, stream, opened, () => {
    signal.removeEventListener('abort', close);
    close();
  });
}

async function* readStream(
  calls: PortCalls,
  stream: number,
  opened: Promise<unknown>,
  close: () => void,
): AsyncGenerator<LedgerEventView> {
  try {
    await opened;
    for (;;) {
      const next = await calls.call<IteratorResult<LedgerEventView> | undefined>('follow.next', stream);
      if (next === undefined || next.done === true) return;
      yield next.value;
    }
  } finally {
    close();
  }
}
