import { createHash, createHmac, KeyObject, timingSafeEqual } from "node:crypto";
import type { webcrypto } from "node:crypto";
import { isSigned, makeSignaturesQuick, sign } from "./quick-signatures.ts";

type Subtle = typeof crypto.subtle;
type Bytes = Parameters<Subtle["digest"]>[1];

function bufferOf(data: Bytes): Buffer {
  return ArrayBuffer.isView(data)
    ? Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    : Buffer.from(data);
}

function arrayOf(bytes: Buffer): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

/** Imported keys by what they were made of; the first import of each is the platform's own. */
const imported = new Map<string, webcrypto.CryptoKey>();

function importId(parameters: readonly unknown[]): string {
  return JSON.stringify(parameters, (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value,
  );
}

/**
 * The platform's WebCrypto answers from other threads, in whatever order they finish. In a
 * simulated world the same functions answer at once, so that a seed has one history only.
 */
export function installSynchronousSubtle(): void {
  makeSignaturesQuick();
  const { subtle } = crypto;
  const importKey = subtle.importKey.bind(subtle);
  const replacements = {
    digest: (_: unknown, data: Bytes) =>
      Promise.resolve(arrayOf(createHash("sha256").update(bufferOf(data)).digest())),
    sign: (_: unknown, key: webcrypto.CryptoKey, data: Bytes) =>
      Promise.resolve(arrayOf(signed(key, data))),
    verify: (_: unknown, key: webcrypto.CryptoKey, signature: Bytes, data: Bytes) =>
      Promise.resolve(isSignedBy(key, bufferOf(signature), data)),
    importKey: async (...parameters: Parameters<Subtle["importKey"]>) => {
      const id = importId(parameters);
      const known = imported.get(id);
      if (known !== undefined) return known;
      // Extractable here only: the synchronous functions need the key object behind it.
      const [format, material, algorithm, , usages] = parameters;
      const key = await Reflect.apply(importKey, subtle, [
        format,
        material,
        algorithm,
        true,
        usages,
      ]);
      imported.set(id, key);
      return key;
    },
  };
  for (const [name, value] of Object.entries(replacements)) {
    Object.defineProperty(subtle, name, { value, configurable: true });
  }
}

const keyObjects = new WeakMap<webcrypto.CryptoKey, KeyObject>();

function keyObjectOf(key: webcrypto.CryptoKey): KeyObject {
  let found = keyObjects.get(key);
  if (found === undefined) {
    found = KeyObject.from(key);
    keyObjects.set(key, found);
  }
  return found;
}

function signed(key: webcrypto.CryptoKey, data: Bytes): Buffer {
  const object = keyObjectOf(key);
  if (object.type === "secret") return createHmac("sha256", object).update(bufferOf(data)).digest();
  return sign(object, bufferOf(data));
}

function isSignedBy(key: webcrypto.CryptoKey, signature: Buffer, data: Bytes): boolean {
  const object = keyObjectOf(key);
  if (object.type !== "secret") return isSigned(object, bufferOf(data), signature);
  const expected = createHmac("sha256", object).update(bufferOf(data)).digest();
  return expected.length === signature.length && timingSafeEqual(expected, signature);
}
