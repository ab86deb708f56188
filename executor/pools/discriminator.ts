import { createHash } from "node:crypto";

const LENGTH = 8;

/** First eight bytes of SHA-256 over `<namespace>:<name>`, which is how Anchor marks its data. */
function discriminatorOf(namespace: string, name: string): Uint8Array {
  const digest = createHash("sha256").update(`${namespace}:${name}`).digest();
  return Uint8Array.from(digest.subarray(0, LENGTH));
}

/** `name` in snake case, as the instruction is called in the program. */
export function instructionTag(name: string): Uint8Array {
  return discriminatorOf("global", name);
}

/** `name` in Pascal case. */
export function accountTag(name: string): Uint8Array {
  return discriminatorOf("account", name);
}

/** `name` in Pascal case. */
export function eventTag(name: string): Uint8Array {
  return discriminatorOf("event", name);
}

/**
 * In front of an event that a program hands to itself in an inner instruction: the hash reversed.
 */
export function selfCallTag(): Uint8Array {
  return discriminatorOf("anchor", "event").toReversed();
}

export function startsWith(bytes: Uint8Array, tag: Uint8Array): boolean {
  return bytes.length >= tag.length && tag.every((byte, at) => bytes[at] === byte);
}
