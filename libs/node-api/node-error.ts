import { z } from 'zod';
import { AppError } from '#errors';

/** Longest message that is taken over from a node. */
const MAX_MESSAGE = 2_000;

/** What is read of a problem+json answer (libs/http writes it). */
const problem = z.object({
  code: z.string().regex(/^[\w-]{1,64}(\/[\w-]{1,64})+$/),
  detail: z.string(),
  next: z.string().optional(),
  data: z.record(z.string(), z.unknown()).optional(),
});

/** Nothing answers at the address. */
export function nodeUnreachable(baseUrl: string, cause: Error): AppError {
  const why = (cause as NodeJS.ErrnoException).code ?? cause.message;
  return new AppError({
    code: 'node/unreachable',
    message: `no chain node answers at ${baseUrl} (${why})`,
    next: 'start one (npm start, or the chain-node app), or name another with CAIRN_NODE_URL or --node-url',
    data: { url: baseUrl },
    cause,
  });
}

/** The node took the question and stays silent. */
export function nodeTimeout(baseUrl: string, path: string, timeoutMs: number): AppError {
  return new AppError({
    code: 'node/timeout',
    message: `the chain node at ${baseUrl} did not answer ${path} within ${timeoutMs} ms`,
    next: 'it is busy or stuck: look at its log, and try again',
    data: { url: baseUrl, path, timeoutMs },
  });
}

/** What answers is no chain node, or one of another version. */
export function nodeBadAnswer(baseUrl: string, path: string, why: string, cause?: unknown): AppError {
  return new AppError({
    code: 'node/bad-answer',
    message: `what answers at ${baseUrl}${path} does not speak as a chain node does: ${oneLine(why)}`,
    next: 'check that CAIRN_NODE_URL names a chain node of this version of Cairn',
    data: { url: baseUrl, path },
    cause,
  });
}

/** The error that a node answered, as the AppError that the node's own ledger threw. */
export function problemToError(baseUrl: string, path: string, status: number, body: string): AppError {
  const parsed = problem.safeParse(parseJson(body));
  if (!parsed.success) return nodeBadAnswer(baseUrl, path, `status ${status} without an explanation`);
  const { code, detail, next, data } = parsed.data;
  return new AppError({
    code,
    message: oneLine(detail),
    ...(next === undefined ? {} : { next: oneLine(next) }),
    data: { ...data },
  });
}

/** What a stranger's node says ends on terminals and in logs: a line of bounded length that moves no cursor. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that are not let through
  return text.slice(0, MAX_MESSAGE).replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]+/g, ' ');
}

/** A JSON text's value, or undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
