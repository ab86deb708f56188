import { randomBytes } from "node:crypto";
import { describe, test } from "vitest";
import type { SignRequest } from "../ports/signer.ts";
import { createSignerCore } from "./core.ts";
import { caseOf, compile, intentOf } from "./fixtures/swap-message.ts";
import { parseMasterKeys } from "./master-keys.ts";
import { OpenKeys } from "./open-keys.ts";

const MASTER_KEYS = parseMasterKeys(`k1:${randomBytes(32).toString("base64")}`);
const core = createSignerCore({ masterKeys: MASTER_KEYS });

function requestOf(walletId: string, userId: number): SignRequest & { address: string } {
  const { address, wrapped } = core.createWallet(walletId, userId);
  const swap = caseOf();
  const message = compile(swap, {}).toString("base64");
  return { alg: "ed25519", walletId, userId, wrapped, message, intent: intentOf(swap), address };
}

function keysAt(): { keys: OpenKeys; advance(ms: number): void } {
  let nowMs = 0;
  return { keys: new OpenKeys(MASTER_KEYS, () => nowMs), advance: (ms) => void (nowMs += ms) };
}

describe("a key that stays open", () => {
  test("signs for the wallet that it was opened for", ({ expect }) => {
    const { keys } = keysAt();
    const request = requestOf("w1", 7);
    const first = keys.open(request);
    expect(first.address).toBe(request.address);
    expect(keys.open({ ...request }).key).toBe(first.key);
  });

  test("is never given to another owner who shows the same ciphertext", ({ expect }) => {
    const { keys } = keysAt();
    const request = requestOf("w1", 7);
    keys.open(request);
    const refused = { code: "RAPTOR_SIGNER__REFUSED" };
    expect(() => keys.open({ ...request, userId: 8 })).toThrow(expect.objectContaining(refused));
    expect(() => keys.open({ ...request, walletId: "w2" })).toThrow(
      expect.objectContaining(refused),
    );
  });

  test("is closed after a minute without a signature, and counts from the last one", ({
    expect,
  }) => {
    const { keys, advance } = keysAt();
    const [one, two] = [requestOf("w1", 7), requestOf("w2", 7)];
    const first = keys.open(one).key;
    advance(40_000);
    keys.open(two);
    expect(keys.open(one).key).toBe(first);
    advance(59_999);
    keys.open(one);
    expect(keys.size).toBe(2);
    advance(1);
    keys.open(one);
    expect(keys.size).toBe(1);
  });

  test("gives way when sixty-four others are in use", ({ expect }) => {
    const { keys } = keysAt();
    for (let n = 0; n < 70; n++) keys.open(requestOf(`w${n}`, 7));
    expect(keys.size).toBe(64);
  });
});
