/** The error codes of Stratum v1 by what they mean. */
export const STRATUM_ERRORS = {
  other: 20,
  stale: 21,
  duplicate: 22,
  lowDifficulty: 23,
  unauthorized: 24,
  notSubscribed: 25,
} as const;
export type StratumErrorCode = (typeof STRATUM_ERRORS)[keyof typeof STRATUM_ERRORS];

/** What a request is answered with when it is refused: code, words for people. */
export interface StratumError {
  readonly code: StratumErrorCode;
  readonly message: string;
}

/** A JSON-RPC id as miners send it. */
export type RequestId = string | number | null;

/** One line from a miner. */
export type StratumMessage =
  | {
      readonly kind: 'request';
      readonly id: RequestId;
      readonly method: string;
      readonly params: readonly unknown[];
    }
  /** To a request of ours, such as client.get_version. */
  | { readonly kind: 'answer'; readonly id: RequestId; readonly result: unknown }
  | { readonly kind: 'garbage'; readonly id: RequestId; readonly why: string };

/** Longest text that is taken over from a miner: names, versions. */
const MAX_TEXT = 256;

/** Reads a line. It never throws: what is no message is `garbage`. */
export function parseMessage(line: string): StratumMessage {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { kind: 'garbage', id: null, why: 'the line is not JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { kind: 'garbage', id: null, why: 'the line is not a JSON object' };
  }
  const { id: rawId, method, params, result } = value as Record<string, unknown>;
  const id = toId(rawId);
  if (method === undefined && result !== undefined) return { kind: 'answer', id, result };
  if (typeof method !== 'string' || method.length > MAX_TEXT) {
    return { kind: 'garbage', id, why: 'the message has no method' };
  }
  if (params !== undefined && params !== null && !Array.isArray(params)) {
    return { kind: 'garbage', id, why: 'params is not an array' };
  }
  return { kind: 'request', id, method, params: (params as unknown[] | null | undefined) ?? [] };
}

/** A string parameter of bounded length, or undefined. */
export function textParam(
  params: readonly unknown[],
  index: number,
  maxLength = MAX_TEXT,
): string | undefined {
  const value = params[index];
  return typeof value === 'string' && value.length <= maxLength ? value : undefined;
}

/** A parameter that is exactly so many bytes of hex, or undefined. Digits of either case: some firmware writes capitals. */
export function hexParam(params: readonly unknown[], index: number, bytes: number): string | undefined {
  const value = textParam(params, index, bytes * 2);
  return value !== undefined && value.length === bytes * 2 && /^[0-9a-fA-F]+$/.test(value)
    ? value.toLowerCase()
    : undefined;
}

/** The line of an answer. */
export function answerLine(id: RequestId, result: unknown): string {
  return `${JSON.stringify({ id, result, error: null })}\n`;
}

/** The line of a refusal. */
export function errorLine(id: RequestId, { code, message }: StratumError): string {
  return `${JSON.stringify({ id, result: null, error: [code, message, null] })}\n`;
}

/** The line of a message that expects no answer. */
export function notificationLine(method: string, params: readonly unknown[]): string {
  return `${JSON.stringify({ id: null, method, params })}\n`;
}

/** The line of a request to the miner. */
export function requestLine(id: number, method: string, params: readonly unknown[]): string {
  return `${JSON.stringify({ id, method, params })}\n`;
}

function toId(value: unknown): RequestId {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  return typeof value === 'string' && value.length <= MAX_TEXT ? value : null;
}
