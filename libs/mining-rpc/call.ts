import { type RpcAnswer, rpcError } from './rpc-error.js';

/** A call of JSON-RPC 1.0 or 2.0. */
export interface RpcCall {
  readonly id: unknown;
  readonly method: string;
  readonly params: readonly unknown[];
  readonly isVersion2: boolean;
  /** 2.0 without an id: nobody waits for an answer. */
  readonly isNotification: boolean;
}

/** Reads one call out of a parsed body. */
export function toCall(value: unknown): RpcCall | { readonly refused: RpcAnswer } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { refused: rpcError('invalidRequest', 'a call is a JSON object with method and params') };
  }
  const { id, method, params, jsonrpc } = value as Record<string, unknown>;
  if (typeof method !== 'string' || method.length > 100) {
    return { refused: rpcError('invalidRequest', 'the call has no method') };
  }
  if (params !== undefined && params !== null && !Array.isArray(params)) {
    return { refused: rpcError('invalidRequest', 'params are given by position: an array') };
  }
  const isVersion2 = jsonrpc === '2.0';
  return {
    id: isId(id) ? id : null,
    method,
    params: (params as unknown[] | null | undefined) ?? [],
    isVersion2,
    isNotification: isVersion2 && id === undefined,
  };
}

/** The body of an answer; the older form names both result and error, and miners look for both. */
export function toBody(call: Pick<RpcCall, 'id' | 'isVersion2'> | undefined, answer: RpcAnswer): unknown {
  const id = call?.id ?? null;
  if (call?.isVersion2 === true) return { jsonrpc: '2.0', ...answer, id };
  return 'error' in answer
    ? { result: null, error: answer.error, id }
    : { result: answer.result, error: null, id };
}

function isId(id: unknown): boolean {
  return (typeof id === 'string' && id.length <= 200) || (typeof id === 'number' && Number.isFinite(id));
}
