import type { MessagePort } from 'node:worker_threads';
import { assertInvariant } from '#errors';
import type { LedgerEventView } from '#wire';
import type { ChainAccess, ChainAccessEvent } from '../chain-access.js';
import type { OwnLedger } from '../embedded-ledger.js';
import { LEDGER_METHODS, type LedgerPort } from '../port.js';
import { type AnswerMessage, answerCall, type CallMessage } from './port-calls.js';

/** What the law's thread says. */
export type FromLaw = AnswerMessage | { readonly type: 'event'; readonly event: ChainAccessEvent };

/** The part of a ledger that other threads reach. */
export type ServedLedger = LedgerPort & Pick<OwnLedger, 'access' | 'indexed'>;

/** Methods of `ChainAccess` that are called and answered; `onEvent` is told instead. */
export type AccessMethod = Exclude<keyof ChainAccess, 'onEvent'>;

/** Answers calls from another thread; what it returns ends that, with all streams. */
export function serveLedger(ledger: ServedLedger, port: MessagePort): () => void {
  const streams = new Map<
    number,
    { readonly abort: AbortController; readonly events: AsyncIterator<LedgerEventView> }
  >();
  const run = async (method: string, request: unknown): Promise<unknown> => {
    if (method.startsWith('access.'))
      return callAccess(ledger.access, method.slice('access.'.length), request);
    if ((LEDGER_METHODS as readonly string[]).includes(method)) return callPort(ledger, method, request);
    switch (method) {
      case 'indexed':
        return ledger.indexed(request as number | undefined);
      case 'follow.open': {
        const { stream, lastEventId } = request as { stream: number; lastEventId?: string };
        const abort = new AbortController();
        const events = ledger.follow(lastEventId === undefined ? {} : { lastEventId }, abort.signal);
        streams.set(stream, { abort, events: events[Symbol.asyncIterator]() });
        return undefined;
      }
      case 'follow.next':
        return streams.get(request as number)?.events.next();
      case 'follow.close': {
        const stream = streams.get(request as number);
        streams.delete(request as number);
        stream?.abort.abort();
        return undefined;
      }
      default:
        assertInvariant(false, `the ledger's thread has no method '${method}'`);
    }
  };
  const onMessage = (message: CallMessage): void => {
    if (message.type === 'call') void answerCall(port, message, run);
  };
  port.on('message', onMessage);
  const stopEvents = ledger.access.onEvent((event) => {
    const message: FromLaw = { type: 'event', event };
    port.postMessage(message);
  });
  return () => {
    stopEvents();
    port.off('message', onMessage);
    for (const { abort } of streams.values()) abort.abort();
  };
}

function callPort(ledger: LedgerPort, method: string, request: unknown): Promise<unknown> {
  const call = ledger[method as (typeof LEDGER_METHODS)[number]] as (request: unknown) => Promise<unknown>;
  return call(request);
}

function callAccess(access: ChainAccess, method: string, request: unknown): Promise<unknown> {
  const call = access[method as AccessMethod] as (request: unknown) => Promise<unknown>;
  return call(request);
}
