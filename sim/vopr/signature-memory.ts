import crypto, { type KeyObject } from "node:crypto";
import { syncBuiltinESMExports } from "node:module";

/** More than one seed ever makes; begun anew when it is full. */
const KNOWN_MAX = 10_000;
const known = new Map<string, boolean>();
const keyNames = new WeakMap<KeyObject, string>();
const verifyForReal = crypto.verify;
let isInstalled = false;

/**
 * The same message is signed once and judged at every door that it passes, at every delivery. What
 * was signed in this process is right, and what was judged once stays as it is: the answers are
 * those of the real functions, without their arithmetic.
 */
export function rememberSignatures(): void {
  if (isInstalled) return;
  isInstalled = true;
  Reflect.set(crypto, "verify", verify);
  syncBuiltinESMExports();
}

export function sign(key: KeyObject, message: Buffer): Buffer {
  const signature = crypto.sign(null, message, key);
  note(nameOf(key, message, signature), true);
  return signature;
}

export function isSigned(key: KeyObject, message: Buffer, signature: Buffer): boolean {
  const name = nameOf(key, message, signature);
  const found = known.get(name);
  if (found !== undefined) return found;
  const isRight = verifyForReal(null, message, key, signature);
  note(name, isRight);
  return isRight;
}

function verify(...parameters: unknown[]): unknown {
  const [algorithm, message, key, signature] = parameters;
  const isUsual =
    parameters.length === 4 &&
    algorithm === null &&
    key instanceof crypto.KeyObject &&
    key.asymmetricKeyType === "ed25519" &&
    Buffer.isBuffer(message) &&
    Buffer.isBuffer(signature);
  return isUsual
    ? isSigned(key, message, signature)
    : Reflect.apply(verifyForReal, crypto, parameters);
}

function note(name: string, isRight: boolean): void {
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(name, isRight);
}

function nameOf(key: KeyObject, message: Buffer, signature: Buffer): string {
  return `${keyName(key)} ${signature.toString("latin1")} ${message.toString("latin1")}`;
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
