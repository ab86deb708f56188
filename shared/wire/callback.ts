/**
 * Button data: `1<op><arg>.<ticket>.<tag>`, at most 38 bytes. Version 1, a one-letter operation,
 * up to six characters of argument, a ticket of 16 base64url characters (96 random bits; empty
 * for navigation) and a tag of 11 (a 64-bit HMAC by the executor, bound to chat and message kind).
 * No amount, mint or trust is ever inside.
 */
export interface CallbackData {
  op: string;
  arg: string;
  ticket: string;
  tag: string;
}

const PATTERN = /^1([a-z])([0-9a-z]{0,6})\.([A-Za-z0-9_-]{16})?\.([A-Za-z0-9_-]{11})$/;

export function parseCallbackData(data: string): CallbackData | undefined {
  const match = PATTERN.exec(data);
  if (match === null) return undefined;
  const [, op = "", arg = "", ticket = "", tag = ""] = match;
  return { op, arg, ticket, tag };
}

export function encodeCallbackData(data: CallbackData): string {
  return `1${data.op}${data.arg}.${data.ticket}.${data.tag}`;
}

/** Redeems a ticket that opens a position or allows entries again. */
export const ENTRY_OP = "t";
/** Redeems a ticket that closes or protects: sell, panic, release. Overtakes lanes and limits. */
export const EXIT_OP = "u";
/** Navigation that must work in an emergency: pause entries, ask for panic. */
export const URGENT_NAV_OPS: readonly string[] = ["z", "q"];

/** Whether a press may wait behind other commands; the tag makes the operation unforgeable. */
export function isUrgentOp(op: string): boolean {
  return op === EXIT_OP || URGENT_NAV_OPS.includes(op);
}
