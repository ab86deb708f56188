/**
 * What the command line asks of a running executor through `raptor.sock`: one line of JSON there,
 * one line back, then the connection is closed.
 */
export type OperatorRequest =
  | { cmd: "status" }
  | { cmd: "positions" }
  /** Halts all entries; with `panic` everything that is open is sold as well. */
  | { cmd: "kill"; reason: string; panic: boolean };

/** `ok` false: nothing was done, for the reason given. */
export type OperatorAnswer = { ok: true; result: unknown } | { ok: false; problem: string };

/** In the data directory; mode 0600, so that only the main process's user and root may connect. */
export const OPERATOR_SOCKET_FILE = "raptor.sock";
export const OPERATOR_REASON_CHARS_MAX = 256;
