import type { MessagePort, Transferable } from 'node:worker_threads';
import { AppError } from '#errors';
import { errorToWire, type WireError, wireToError } from './wire-error.js';

/** Something both threads can post to: a MessagePort, a Worker, the parent's port. */
export type PostTarget = Pick<MessagePort, 'postMessage'>;

/** One call on its way to the other thread. */
export interface CallMessage {
  readonly type: 'call';
  readonly id: number;
  readonly method: string;
  readonly request: unknown;
}

/** How a call ended. */
export type AnswerMessage =
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failure'; readonly id: number; readonly error: WireError };

interface PendingCall {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** The calling side: one promise for each call under way. */
export class PortCalls {
  private readonly pending = new Map<number, PendingCall>();
  private nextId = 0;
  private ended: AppError | undefined;

  constructor(private readonly target: PostTarget) {}

  /** Bytes in `transfer` must be the call's own: they are gone here afterwards. */
  call<T>(method: string, request?: unknown, transfer: readonly Transferable[] = []): Promise<T> {
    if (this.ended !== undefined) return Promise.reject(this.ended);
    const id = this.nextId++;
    const message: CallMessage = { type: 'call', id, method, request };
    return new Promise<T>((resolve, reject) => {
      this.pending.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.target.postMessage(message, [...transfer]);
    });
  }

  answered(message: AnswerMessage): void {
    const call = this.pending.get(message.id);
    this.pending.delete(message.id);
    if (message.type === 'answer') call?.resolve(message.value);
    else call?.reject(wireToError(message.error));
  }

  /** Every call under way and every later one fails with this. */
  end(error: AppError): void {
    this.ended ??= error;
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }
}

/**
 * The answering side. An operational error travels back; anything else is our own fault and must end the process, so it
 * is thrown where nobody catches it.
 */
export async function answerCall(
  target: PostTarget,
  { id, method, request }: CallMessage,
  run: (method: string, request: unknown) => Promise<unknown>,
): Promise<void> {
  let message: AnswerMessage;
  try {
    message = { type: 'answer', id, value: toOwnBytes(await run(method, request)) };
  } catch (error) {
    if (!(error instanceof AppError)) {
      queueMicrotask(() => {
        throw error;
      });
      return;
    }
    message = { type: 'failure', id, error: errorToWire(error) };
  }
  target.postMessage(message, transferables(message));
}

/**
 * Bytes in memory of their own: a view would take all the memory it looks at along, a whole block for one of its
 * transactions, and what is handed over must not be what the ledger keeps.
 */
function toOwnBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value) && value.some((item) => item instanceof Uint8Array)) return value.map(toOwnBytes);
  return value;
}

/** The copy's memory changes hands in place of being copied once more. */
function transferables(message: AnswerMessage): ArrayBuffer[] {
  const value = message.type === 'answer' ? message.value : undefined;
  return value instanceof Uint8Array ? [value.buffer as ArrayBuffer] : [];
}
