import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { AppError } from '#errors';
import { nodeBadAnswer, nodeTimeout, nodeUnreachable } from './node-error.js';

/** Largest answer that is read: a raw block as hex with room to spare. */
const MAX_ANSWER_BYTES = 32 * 2 ** 20;

/** How long a whole answer may take, in times of the longest silence. */
const MAX_ANSWER_TIMEOUTS = 10;

/** One request to a node. */
export interface NodeRequest {
  readonly verb: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** How long the connection may be silent; undefined: for ever. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Keep-alive connections to one node. */
export interface HttpConnection {
  readonly baseUrl: string;
  /** The answer with its body unread. Rejects as the node errors say, or with the signal's reason. */
  open(request: NodeRequest): Promise<IncomingMessage>;
  /** The answer's status and whole body. */
  exchange(request: NodeRequest): Promise<{ readonly status: number; readonly body: string }>;
  /** Cuts every connection. */
  close(): void;
}

/** Makes connections to a node on demand. */
export function createHttpConnection(baseUrl: string): HttpConnection {
  const base = new URL(baseUrl);
  const isTls = base.protocol === 'https:';
  const agent = isTls ? new HttpsAgent({ keepAlive: true }) : new Agent({ keepAlive: true });
  const prefix = base.pathname.replace(/\/+$/, '');

  const open = (options: NodeRequest): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const { signal } = options;
      if (signal?.aborted) return reject(signal.reason);
      const request = (isTls ? httpsRequest : httpRequest)(base, {
        // On a kept connection that the node has closed meanwhile nobody could tell whether a POST arrived.
        agent: options.verb === 'GET' ? agent : false,
        method: options.verb,
        path: prefix + options.path,
        headers: {
          accept: 'application/json',
          ...(options.body === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(options.body) }),
          ...options.headers,
        },
      });
      const stop = (): void => void request.destroy(toError(signal?.reason));
      signal?.addEventListener('abort', stop, { once: true });
      request.once('close', () => signal?.removeEventListener('abort', stop));
      if (options.timeoutMs !== undefined) {
        const { timeoutMs } = options;
        request.setTimeout(timeoutMs, () => request.destroy(nodeTimeout(baseUrl, options.path, timeoutMs)));
      }
      request.once('response', resolve);
      request.on('error', (error: NodeJS.ErrnoException) => {
        if (signal?.aborted) return reject(signal.reason);
        // The node closed an idle connection just as it was used again: asking once more is safe for a GET.
        if (request.reusedSocket && error.code === 'ECONNRESET' && options.verb === 'GET')
          return resolve(open(options));
        reject(error instanceof AppError ? error : nodeUnreachable(baseUrl, error));
      });
      request.end(options.body);
    });

  const readBody = async (
    response: IncomingMessage,
    { path }: NodeRequest,
    signal: AbortSignal,
  ): Promise<string> => {
    response.setEncoding('utf8');
    let body = '';
    try {
      for await (const chunk of response) {
        body += chunk;
        if (body.length > MAX_ANSWER_BYTES)
          throw nodeBadAnswer(baseUrl, path, `it is longer than ${MAX_ANSWER_BYTES} bytes`);
      }
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw error instanceof AppError ? error : nodeUnreachable(baseUrl, error as Error);
    }
    return body;
  };

  return {
    baseUrl,
    open,
    async exchange(options) {
      const { path, timeoutMs } = options;
      // A node that sends a byte now and then is never silent, and would hold whoever asked for ever.
      const deadline = new AbortController();
      const wholeMs = timeoutMs === undefined ? undefined : timeoutMs * MAX_ANSWER_TIMEOUTS;
      const timer =
        wholeMs === undefined
          ? undefined
          : setTimeout(() => deadline.abort(nodeTimeout(baseUrl, path, wholeMs)), wholeMs);
      const given = options.signal === undefined ? [] : [options.signal];
      const signal = AbortSignal.any([...given, deadline.signal]);
      try {
        const response = await open({ ...options, signal });
        return { status: response.statusCode ?? 0, body: await readBody(response, options, signal) };
      } finally {
        clearTimeout(timer);
      }
    },
    close: () => agent.destroy(),
  };
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
