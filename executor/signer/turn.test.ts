import { createHash } from "node:crypto";
import { describe, it } from "vitest";
import { createSignerCore } from "./core.ts";
import { parseMasterKeys } from "./master-keys.ts";
import { parsePipeRequest } from "./pipe-protocol.ts";
import { TurnWatch } from "./turn.ts";

function watchAt(state: { nowMs: number }): TurnWatch {
  return new TurnWatch(() => state.nowMs);
}

describe("the turn of a request", () => {
  it("ends with its lease, which a stopped process cannot see pass", ({ expect }) => {
    const state = { nowMs: 1_000 };
    const watch = watchAt(state);
    expect(watch.check({ epoch: 3, notAfterMs: 1_500 })).toBe(undefined);
    state.nowMs = 1_500;
    expect(watch.check({ epoch: 3, notAfterMs: 1_500 })).toContain("has ended");
    expect(watch.check({ epoch: 3, notAfterMs: null })).toBe(undefined);
  });

  it("never goes back to an earlier epoch", ({ expect }) => {
    const watch = watchAt({ nowMs: 0 });
    expect(watch.check({ epoch: 5, notAfterMs: null })).toBe(undefined);
    expect(watch.check({ epoch: 4, notAfterMs: null })).toBe("epoch 4 is over, it is 5");
    expect(watch.check(undefined)).toBe(undefined);
  });

  it("comes over the pipe as it was sent and is judged before the key is opened", ({ expect }) => {
    const parsed = parsePipeRequest(JSON.parse(JSON.stringify(REQUEST)));
    expect(parsed).toMatchObject({ request: { turn: { epoch: 2, notAfterMs: 10 } } });
    const bad = { ...REQUEST, request: { ...REQUEST.request, turn: { epoch: "2" } } };
    expect(() => parsePipeRequest(bad)).toThrow("not usable");
    const key = createHash("sha256").update("turn").digest("base64");
    const core = createSignerCore({ masterKeys: parseMasterKeys(`k1:${key}`), nowMs: () => 10 });
    if (parsed.op !== "sign") throw new Error("expected a request to sign");
    expect(core.sign(parsed.request)).toEqual({
      outcome: "refused",
      reasons: ["the lease that allowed this has ended meanwhile"],
      isTurnOver: true,
    });
  });
});

const REQUEST = {
  id: 1,
  op: "sign",
  request: {
    alg: "ed25519",
    walletId: "w",
    userId: 1,
    wrapped: "",
    message: "",
    turn: { epoch: 2, notAfterMs: 10 },
    intent: {
      kind: "solanaSwap",
      side: "sell",
      wallet: "",
      mint: "",
      tokenProgram: "",
      quantityIn: "1",
      quantityOutMin: "1",
      slippageBpsMax: 100,
      feeLamportsMax: "5000",
      tipLamportsMax: "0",
      lookupTables: [],
      walletTokenAccounts: [],
      tokenQuantityMin: "0",
      nonce: null,
    },
  },
};
