/** An error that goes out as the `error` member of a JSON-RPC answer. */
export class RpcError extends Error {
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.name = "RpcError";
    this.code = code;
    this.data = data;
  }

  toJson(): Record<string, unknown> {
    const { code, message, data } = this;
    return data === undefined ? { code, message } : { code, message, data };
  }
}

export const RPC_CODES = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  preflightFailure: -32002,
  signatureVerification: -32003,
  nodeUnhealthy: -32005,
  unsupportedVersion: -32015,
  minContextSlot: -32016,
} as const;

export function invalidParams(reason: string): RpcError {
  return new RpcError(RPC_CODES.invalidParams, reason);
}
