import { type Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { allocateMemory, copyBytes, releaseMemory } from '#erasure';
import { AppError } from '#errors';
import { ReadingAgent } from './reading-agent.js';

/** One HTTP exchange with a provider. */
export interface HttpRequest {
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal?: AbortSignal | undefined;
  /** Silence after which the exchange is given up. */
  readonly timeoutMs: number;
  /** Refuses longer answers before they fill our memory. */
  readonly maxAnswerBytes: number;
  /** Told of the bytes of a good answer as they come. */
  readonly onBytes?: ((sizeBytes: number) => void) | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

/** Slower than this on the whole is given up, too: a provider that drips a byte now and then is never silent. */
const MIN_BYTES_PER_SECOND = 16 * 1024;
/** Silences that an exchange may add up before its bytes count. */
const PATIENCE = 6;
/** How a connection that the other side closed while it was idle shows itself. */
const STALE_CODES = ['ECONNRESET', 'EPIPE'];

/** Keep-alive connections; close when done. */
export function createHttpAgent(): Agent {
  return new ReadingAgent({ keepAlive: true, maxSockets: 16, scheduling: 'lifo' });
}

/** Sends a request and collects the answer. The network's faults are AppErrors `provider/unreachable`. */
export async function exchange(agent: Agent, options: HttpRequest): Promise<HttpAnswer> {
  const state = { isStale: false };
  try {
    return await attempt(agent, options, state);
  } catch (error) {
    if (!state.isStale || options.signal?.aborted === true) throw error;
    // The other side had closed a kept connection meanwhile and read nothing: once more, on one of its own.
    return await attempt(false, options, state);
  }
}

function attempt(
  agent: Agent | false,
  options: HttpRequest,
  state: { isStale: boolean },
): Promise<HttpAnswer> {
  const bytes = (options.body?.length ?? 0) + options.maxAnswerBytes;
  const deadlineMs = options.timeoutMs * PATIENCE + (bytes / MIN_BYTES_PER_SECOND) * 1_000;
  let deadline: NodeJS.Timeout | undefined;
  let tooSlow: Error | undefined;
  return new Promise<HttpAnswer>((resolve, reject) => {
    const fail = (error: Error) =>
      whenSent(() =>
        reject(
          options.signal?.aborted === true
            ? (options.signal.reason as Error)
            : unreachable(options.url, tooSlow ?? error),
        ),
      );
    const call = request(
      options.url,
      {
        agent,
        method: options.method,
        headers: {
          ...options.headers,
          ...(options.body === undefined ? {} : { 'content-length': String(options.body.length) }),
        },
        ...(options.signal === undefined ? {} : { signal: options.signal }),
        timeout: options.timeoutMs,
      },
      (answer) =>
        collect(answer, options).then(
          (body) =>
            whenSent(() => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body })),
          fail,
        ),
    );
    let isClosed = false;
    call.once('close', () => {
      isClosed = true;
    });
    // The body's memory is the caller's again afterwards: no socket may still send from it.
    const whenSent = (end: () => void): void => {
      if (options.body === undefined || call.writableFinished || isClosed) {
        end();
        return;
      }
      call.once('close', end);
      call.destroy();
    };
    call.on('timeout', () => call.destroy(new Error(`no answer within ${options.timeoutMs} ms`)));
    deadline = setTimeout(() => {
      tooSlow = new Error(`not done within ${Math.round(deadlineMs)} ms`);
      call.destroy(tooSlow);
    }, deadlineMs);
    call.on('error', (error: NodeJS.ErrnoException) => {
      state.isStale = call.reusedSocket && STALE_CODES.includes(error.code ?? '');
      fail(error);
    });
    call.end(options.body);
  }).finally(() => clearTimeout(deadline));
}

async function collect(
  answer: IncomingMessage,
  { maxAnswerBytes: maxBytes, onBytes }: HttpRequest,
): Promise<Uint8Array> {
  const declared = Number(answer.headers['content-length'] ?? Number.NaN);
  if (declared > maxBytes) {
    answer.destroy();
    throw new Error(`an answer of ${declared} bytes where at most ${maxBytes} belong`);
  }
  if (Number.isInteger(declared)) return collectKnown(answer, declared, isGood(answer) ? onBytes : undefined);
  const parts: Buffer[] = [];
  let total = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    total += part.length;
    if (total > maxBytes) throw new Error(`an answer of more than ${maxBytes} bytes`);
    parts.push(part);
  }
  return new Uint8Array(Buffer.concat(parts));
}

/** One buffer, filled once, in memory that worker threads see. */
function collectKnown(
  answer: IncomingMessage,
  lengthBytes: number,
  onBytes: HttpRequest['onBytes'],
): Promise<Uint8Array> {
  const body = allocateMemory(lengthBytes);
  let at = 0;
  let isOver = false;
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      if (isOver) return;
      isOver = true;
      answer.off('data', take).destroy();
      // Of no use to anybody else: filled in part.
      releaseMemory(body);
      reject(error);
    };
    const take = (part: Buffer): void => {
      if (at + part.length > lengthBytes) {
        fail(new Error(`more bytes than the ${lengthBytes} announced`));
        return;
      }
      copyBytes(part, body, at);
      at += part.length;
      onBytes?.(part.length);
      // Garbage of sockets makes V8 collect its whole heap again and again.
      releaseMemory(part);
    };
    const end = (): void => {
      if (at !== lengthBytes) {
        fail(new Error(`${at} of ${lengthBytes} bytes, then the connection closed`));
        return;
      }
      isOver = true;
      resolve(body);
    };
    answer.on('data', take).on('error', fail).once('end', end).once('close', end);
  });
}

function isGood({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode >= 200 && statusCode < 300;
}

function unreachable(url: string, cause: Error): AppError {
  const { origin } = new URL(url);
  return new AppError({
    code: 'provider/unreachable',
    message: `The provider at ${origin} does not answer: ${cause.message}.`,
    next: 'Another provider is used where there is one.',
    data: { origin },
    cause,
  });
}
