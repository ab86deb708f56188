import { createPublicKey, generateKeyPairSync, sign as signForReal, verify } from "node:crypto";
import { afterAll, describe, test } from "vitest";
import { isSigned, makeSignaturesQuick, makeSignaturesReal, sign } from "./quick-signatures.ts";

describe("signatures of a simulated world", () => {
  // Other files' tests go on in this process, and theirs must be real.
  afterAll(makeSignaturesReal);

  const message = Buffer.from("sell everything");
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const real = signForReal(null, message, privateKey);

  test("fit their key and their message alone", ({ expect }) => {
    const signature = sign(privateKey, message);
    expect(signature).toHaveLength(64);
    expect(isSigned(publicKey, message, signature)).toBe(true);
    expect(isSigned(createPublicKey(privateKey), message, signature)).toBe(true);
    expect(isSigned(publicKey, Buffer.from("buy everything"), signature)).toBe(false);
    const stranger = generateKeyPairSync("ed25519");
    sign(stranger.privateKey, message);
    expect(isSigned(stranger.publicKey, message, signature)).toBe(false);
  });

  test("are refused when one bit differs", ({ expect }) => {
    const forged = Buffer.from(sign(privateKey, message));
    forged[0] = (forged[0] ?? 0) ^ 1;
    expect(isSigned(publicKey, message, forged)).toBe(false);
    expect(isSigned(publicKey, message, Buffer.alloc(64))).toBe(false);
  });

  test("stand beside real ones, which stay right", ({ expect }) => {
    makeSignaturesQuick();
    expect(verify(null, message, publicKey, real)).toBe(true);
    expect(verify(null, message, publicKey, sign(privateKey, message))).toBe(true);
    expect(verify(null, new Uint8Array(message), publicKey, real.subarray(1))).toBe(false);
  });

  test("leave none behind", ({ expect }) => {
    makeSignaturesQuick();
    expect(signForReal(null, message, privateKey).equals(real)).toBe(false);
    makeSignaturesReal();
    expect(signForReal(null, message, privateKey).equals(real)).toBe(true);
  });
});
