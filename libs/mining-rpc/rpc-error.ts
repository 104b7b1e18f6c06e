/** Error codes of JSON-RPC 2.0, and those of Bitcoin's node that miners meet. */
export const RPC_ERRORS = {
  parse: -32_700,
  invalidRequest: -32_600,
  methodNotFound: -32_601,
  invalidParams: -32_602,
  internal: -32_603,
  badAddress: -5,
  badParameter: -8,
  notReady: -10,
  notDecodable: -22,
} as const;
export type RpcErrorCode = (typeof RPC_ERRORS)[keyof typeof RPC_ERRORS];

/** A call that is refused. */
export interface RpcError {
  readonly code: RpcErrorCode;
  readonly message: string;
}

/** Either what a call is answered with or why it is refused. */
export type RpcAnswer = { readonly result: unknown } | { readonly error: RpcError };

export function rpcError(code: keyof typeof RPC_ERRORS, message: string): RpcAnswer {
  return { error: { code: RPC_ERRORS[code], message } };
}
