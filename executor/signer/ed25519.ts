import { createPrivateKey, createPublicKey, sign, type KeyObject } from "node:crypto";
import { assert } from "@raptor/shared/errors/raptor-error.ts";
import { wipe } from "./wipe.ts";

export const SEED_BYTES = 32;
/** RFC 8410: the DER frame of an Ed25519 private key, up to its 32 bytes. */
const PKCS8_FRAME = Buffer.from("302e020100300506032b657004220420", "hex");

/** A key object of a seed. OpenSSL clears its copy when the object is collected. */
export function createSigningKey(seed: Uint8Array): KeyObject {
  assert(seed.length === SEED_BYTES, "an Ed25519 seed has 32 bytes");
  const der = Buffer.alloc(PKCS8_FRAME.length + SEED_BYTES);
  der.set(PKCS8_FRAME);
  der.set(seed, PKCS8_FRAME.length);
  try {
    return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  } finally {
    wipe(der);
  }
}

/** The 32 bytes at the end of the public key's DER form. */
export function publicKeyBytes(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32);
}

export function signBytes(key: KeyObject, message: Uint8Array): Buffer {
  return sign(null, message, key);
}
