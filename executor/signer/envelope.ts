import { createCipheriv, createDecipheriv } from "node:crypto";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { MasterKeys } from "./master-keys.ts";
import { wipe } from "./wipe.ts";

export type RandomBytes = (byteCount: number) => Buffer;

/** Whose secret it is and what for; bound to the ciphertext, so that a swapped row cannot open. */
export interface SecretOwner {
  userId: number;
  walletId: string;
  purpose: "solana-ed25519-seed";
}

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const DATA_KEY_BYTES = 32;
const VERSION = "v1";

/**
 * `v1.<kid>.<data key box>.<secret box>`, each box base64url of nonce, ciphertext and tag. The
 * secret is under a data key of its own and the data key under the current master key, so a new
 * master key means re-wrapping 32 bytes, and no key ever encrypts two secrets.
 */
export function wrapSecret(
  secret: Uint8Array,
  owner: SecretOwner,
  masterKeys: MasterKeys,
  randomBytes: RandomBytes,
): string {
  const kid = masterKeys.currentKid;
  const masterKey = masterKeys.find(kid);
  if (masterKey === undefined) throw unopenable("the current master key is not there");
  const dataKey = randomBytes(DATA_KEY_BYTES);
  try {
    const keyBox = seal(masterKey, dataKey, bind(kid, owner, "data-key"), randomBytes);
    const secretBox = seal(dataKey, secret, bind(kid, owner, "secret"), randomBytes);
    return [VERSION, kid, keyBox, secretBox].join(".");
  } finally {
    wipe(dataKey);
  }
}

/** The name of the master key that wrapped a secret. */
export function kidOf(wrapped: string): string | undefined {
  return wrapped.split(".")[1];
}

/**
 * The secret in clear; the caller wipes it.
 * @throws RAPTOR_SIGNER__REFUSED when it does not open for this owner under our keys.
 */
export function openSecret(wrapped: string, owner: SecretOwner, masterKeys: MasterKeys): Buffer {
  const [version, kid = "", keyBox = "", secretBox = "", ...rest] = wrapped.split(".");
  if (version !== VERSION || rest.length > 0)
    throw unopenable("the wallet's key has no known form");
  const masterKey = masterKeys.find(kid);
  if (masterKey === undefined) throw unopenable("no master key has the kid of this wallet's key");
  let dataKey: Buffer | undefined;
  try {
    dataKey = open(masterKey, keyBox, bind(kid, owner, "data-key"));
    return open(dataKey, secretBox, bind(kid, owner, "secret"));
  } finally {
    wipe(dataKey);
  }
}

/** Unambiguous: JSON puts every part into its own quotes. */
function bind(kid: string, owner: SecretOwner, layer: "data-key" | "secret"): Buffer {
  const parts = ["raptor-vault", VERSION, kid, layer, owner.userId, owner.walletId, owner.purpose];
  return Buffer.from(JSON.stringify(parts));
}

function seal(key: Buffer, clear: Uint8Array, bound: Buffer, randomBytes: RandomBytes): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(bound);
  const box = [nonce, cipher.update(clear), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat(box).toString("base64url");
}

function open(key: Buffer, box: string, bound: Buffer): Buffer {
  const bytes = Buffer.from(box, "base64url");
  if (bytes.length < NONCE_BYTES + TAG_BYTES || bytes.toString("base64url") !== box) {
    throw unopenable("the wallet's key has no known form");
  }
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(bound);
  decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
  const clear = decipher.update(bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES));
  try {
    // The mode is a stream: all clear bytes are in `clear`, `final` only judges the tag.
    decipher.final();
  } catch {
    wipe(clear);
    throw unopenable("the wallet's key does not open for this user and wallet");
  }
  return clear;
}

function unopenable(problem: string): RaptorError {
  return new RaptorError("RAPTOR_SIGNER__REFUSED", { problem });
}
