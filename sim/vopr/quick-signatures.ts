import crypto, { type KeyObject } from "node:crypto";
import { syncBuiltinESMExports } from "node:module";

const secrets = new Map<string, Buffer>();
const keyNames = new WeakMap<KeyObject, string>();
const signForReal = crypto.sign;
const verifyForReal = crypto.verify;
let isInstalled = false;

/**
 * Ed25519 over the same keys without its arithmetic, on which nothing here rests: a signature is
 * the SHA-512 of the key's secret and the message. It has as many bytes, only the holder of the
 * secret can make it, and it fits that key and that message alone. What is none of ours, a forgery
 * above all, is judged by the real function.
 */
export function makeSignaturesQuick(): void {
  if (isInstalled) return;
  isInstalled = true;
  Reflect.set(crypto, "sign", signUsual);
  Reflect.set(crypto, "verify", verifyUsual);
  syncBuiltinESMExports();
}

/** For whoever goes on in this process with something else. */
export function makeSignaturesReal(): void {
  isInstalled = false;
  Reflect.set(crypto, "sign", signForReal);
  Reflect.set(crypto, "verify", verifyForReal);
  syncBuiltinESMExports();
}

export function sign(key: KeyObject, message: Uint8Array): Buffer {
  const name = keyName(key);
  let secret = secrets.get(name);
  if (secret === undefined) {
    secret = Buffer.from(key.export({ format: "jwk" }).d ?? "", "base64url");
    if (secret.length === 0) throw new Error("expected a private key, was a public one");
    secrets.set(name, secret);
  }
  return sealOf(secret, message);
}

export function isSigned(key: KeyObject, message: Uint8Array, signature: Uint8Array): boolean {
  const secret = secrets.get(keyName(key));
  if (secret !== undefined && sealOf(secret, message).equals(signature)) return true;
  return verifyForReal(null, message, key, signature);
}

function sealOf(secret: Uint8Array, message: Uint8Array): Buffer {
  return crypto.hash("sha512", Buffer.concat([secret, message]), "buffer");
}

function signUsual(...parameters: unknown[]): unknown {
  const [algorithm, message, key] = parameters;
  const isUsual =
    parameters.length === 3 &&
    algorithm === null &&
    isEd25519(key) &&
    key.type === "private" &&
    message instanceof Uint8Array;
  return isUsual ? sign(key, message) : Reflect.apply(signForReal, crypto, parameters);
}

function verifyUsual(...parameters: unknown[]): unknown {
  const [algorithm, message, key, signature] = parameters;
  const isUsual =
    parameters.length === 4 &&
    algorithm === null &&
    isEd25519(key) &&
    message instanceof Uint8Array &&
    signature instanceof Uint8Array;
  return isUsual
    ? isSigned(key, message, signature)
    : Reflect.apply(verifyForReal, crypto, parameters);
}

function isEd25519(key: unknown): key is KeyObject {
  return key instanceof crypto.KeyObject && key.asymmetricKeyType === "ed25519";
}

/** Private and public halves have one name: what it says is the public key. */
function keyName(key: KeyObject): string {
  let name = keyNames.get(key);
  if (name === undefined) {
    name = key.export({ format: "jwk" }).x ?? "";
    keyNames.set(key, name);
  }
  return name;
}
