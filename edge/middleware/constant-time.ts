import type { Secret } from "@raptor/shared/values/secret.ts";

/** SHA-256 of a text, as bytes. */
export async function sha256(text: string | Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/**
 * Compares without telling by its duration where a guess goes wrong: both sides are hashed to one
 * length, and every byte of the hashes is looked at.
 */
export async function isEqualSecret(given: string, secret: Secret): Promise<boolean> {
  const [left, right] = await Promise.all([sha256(given), sha256(secret.reveal())]);
  let difference = 0;
  for (let at = 0; at < right.length; at++) {
    difference |= (left[at] ?? 0) ^ (right[at] ?? 0);
  }
  return difference === 0;
}

/** Bytes as base64url without padding. */
export function encodeBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}
