import { hkdfSync } from "node:crypto";
import { describe, it } from "vitest";
import { Secret } from "@raptor/shared/values/secret.ts";
import { parseExecutorEnv } from "./env.ts";
import { createTestKey, jwksOf } from "./server/jws-fixture.ts";
import { deriveStateKeys, engineSettingsOf, venueProvidersOf } from "./settings.ts";

function envWith(over: Readonly<Record<string, string>> = {}): ReturnType<typeof parseExecutorEnv> {
  return parseExecutorEnv({
    DATA_DIR: "/data",
    TRUSTED_JWKS: jwksOf(createTestKey("edge-1")),
    STATE_SECRET: "s".repeat(32),
    EDGE_URL: "https://edge.example",
    TELEGRAM_BOT_TOKEN: `1000000001:${"t".repeat(35)}`,
    TELEGRAM_WEBHOOK_SECRET: "w".repeat(16),
    SOLANA_RPC_URLS: "https://one.example,https://two.example",
    SOLANA_WS_URLS: "wss://1.example,wss://2.example",
    QSTASH_TOKEN: "q".repeat(8),
    ...over,
  });
}

describe("engine settings", () => {
  it("carry every limit in its own unit", ({ expect }) => {
    const settings = engineSettingsOf(
      envWith({
        ORDER_SOL_MAX: "1.5",
        DAILY_SOL_MAX: "3",
        RESERVE_SOL: "0.02",
        OPEN_POSITIONS_MAX: "2",
        PRICE_IMPACT_BPS_MAX: "700",
        DUPLICATE_BUY_GUARD_HOURS: "0.5",
      }),
    );
    expect(settings.limits).toEqual({
      notionalLamportsMax: "1500000000",
      dailyLamportsMax: "3000000000",
      openPositionsMax: 2,
      priceImpactBpsMax: 700,
      duplicateBuyGuardMs: 1_800_000,
      reserveLamports: "20000000",
    });
  });

  it("keep the guard in whole milliseconds", ({ expect }) => {
    const { limits } = engineSettingsOf(envWith({ DUPLICATE_BUY_GUARD_HOURS: "0.333333" }));
    expect(limits.duplicateBuyGuardMs).toBe(1_199_999);
  });

  it("switch exits and the guard off with 0", ({ expect }) => {
    const off = { TAKE_PROFIT_BPS: "0", STOP_LOSS_BPS: "0", DUPLICATE_BUY_GUARD_HOURS: "0" };
    const settings = engineSettingsOf(envWith(off));
    expect(settings).toMatchObject({ takeProfitBps: 0, stopLossBps: 0 });
    expect(settings.limits.duplicateBuyGuardMs).toBe(0);
  });
});

describe("providers", () => {
  it("are paired by position", ({ expect }) => {
    expect(venueProvidersOf(envWith())).toEqual([
      { url: "https://one.example", wsUrl: "wss://1.example" },
      { url: "https://two.example", wsUrl: "wss://2.example" },
    ]);
  });

  it("without a partner break an invariant", ({ expect }) => {
    const lonely = { SOLANA_RPC_URLS: ["https://one.example"], SOLANA_WS_URLS: [] };
    expect(() => venueProvidersOf(lonely)).toThrow("expected as many WebSocket addresses");
  });
});

describe("state keys", () => {
  it("differ from each other and stay the same over restarts", ({ expect }) => {
    const one = deriveStateKeys(new Secret("s".repeat(32)));
    const again = deriveStateKeys(new Secret("s".repeat(32)));
    expect(one).toEqual(again);
    expect(one.ticket.equals(one.apiToken)).toBe(false);
    expect([one.ticket.length, one.apiToken.length]).toEqual([32, 32]);
  });

  it("follow from the secret by HKDF, so that buttons outlive a release", ({ expect }) => {
    const secret = "s".repeat(32);
    const expected = hkdfSync("sha256", secret, "raptor/state/v1", "ticket", 32);
    expect(deriveStateKeys(new Secret(secret)).ticket).toEqual(Buffer.from(expected));
    expect(deriveStateKeys(new Secret("t".repeat(32))).ticket).not.toEqual(Buffer.from(expected));
  });
});
