/** One HTTP exchange; every call has a time limit and a limit on the answer's size. */
export interface NetRequest {
  url: string;
  method: "GET" | "POST" | "PUT" | "DELETE";
  headers?: Readonly<Record<string, string>>;
  body?: string;
  timeoutMs: number;
  /** Default 8 MiB. A longer answer fails as `too-large`. */
  responseBytesMax?: number;
  /**
   * Done twice it has the effect of once, as signed bytes have and questions have none. It may be
   * sent again by itself where a kept connection turns out to be closed.
   */
  isIdempotent?: boolean;
}

export interface NetResponse {
  status: number;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
  body: string;
}

/**
 * Why no complete answer came back. `refused` is the only kind that proves that the request did
 * not reach the other side; after every other kind the effect may have happened.
 */
export type NetFailureKind = "refused" | "timeout" | "reset" | "too-large";

export class NetFailure extends Error {
  readonly kind: NetFailureKind;
  constructor(kind: NetFailureKind, host: string, options?: ErrorOptions) {
    super(`no complete answer from ${host}: ${kind}`, options);
    this.name = "NetFailure";
    this.kind = kind;
  }
}

/** What a socket tells its owner. `onClose` comes exactly once, also after a failed connect. */
export interface NetSocketHandlers {
  onOpen(): void;
  onMessage(text: string): void;
  onClose(reason: string): void;
}

export interface NetSocket {
  /** Queues `text`; silently does nothing once the socket is closed. */
  send(text: string): void;
  close(): void;
}

export interface Net {
  /** @throws NetFailure when no complete answer came back. HTTP error statuses are answers. */
  fetch(request: NetRequest): Promise<NetResponse>;
  connect(url: string, handlers: NetSocketHandlers): NetSocket;
}
