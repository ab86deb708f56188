import { hkdfSync } from "node:crypto";
import type { Secret } from "@raptor/shared/values/secret.ts";
import { assert } from "@raptor/shared/errors/raptor-error.ts";
import type { EngineSettings } from "./engine/settings.ts";
import type { ExecutorEnv } from "./env.ts";
import type { ConnectionSettings } from "./venues/solana/connection.ts";
import { canKeepOrders } from "./venues/solana/landing-plan.ts";
import type { LandingSettings } from "./venues/solana/landing-desk.ts";
import type { TipService } from "./venues/solana/tip-lane.ts";

const HOUR_MS = 3_600_000;

export function engineSettingsOf(env: ExecutorEnv): EngineSettings {
  return {
    limits: {
      notionalLamportsMax: env.ORDER_SOL_MAX.toString(),
      dailyLamportsMax: env.DAILY_SOL_MAX.toString(),
      openPositionsMax: env.OPEN_POSITIONS_MAX,
      priceImpactBpsMax: env.PRICE_IMPACT_BPS_MAX,
      duplicateBuyGuardMs: Math.round(env.DUPLICATE_BUY_GUARD_HOURS * HOUR_MS),
      reserveLamports: env.RESERVE_SOL.toString(),
    },
    buySlippageBps: env.BUY_SLIPPAGE_BPS,
    exitSlippageRampBps: env.EXIT_SLIPPAGE_RAMP_BPS,
    exitFeeBudgetLamports: env.EXIT_FEE_BUDGET_SOL,
    exitFeeBudgetBps: env.EXIT_FEE_BUDGET_BPS,
    takeProfitBps: env.TAKE_PROFIT_BPS,
    stopLossBps: env.STOP_LOSS_BPS,
    exitCostBps: env.EXIT_COST_BPS,
    tickWildBps: env.TICK_WILD_BPS,
    tickConfirmMs: env.TICK_CONFIRM_MS,
    markSaveMs: env.MARK_SAVE_MS,
    buyDeadlineMs: env.BUY_DEADLINE_MS,
    attemptPollMs: env.ATTEMPT_POLL_MS,
    rebroadcastMs: env.REBROADCAST_MS,
    unknownAfterMs: env.UNKNOWN_AFTER_MS,
    recoveryConcurrency: env.RECOVERY_CONCURRENCY,
    priceStaleMs: env.PRICE_STALE_MS,
    nonceAccountsMax: env.NONCE_ACCOUNTS_MAX,
    nonceBuyLamportsMin: env.NONCE_BUY_SOL_MIN,
    exitReplaceMs: env.EXIT_REPLACE_MS,
    mevProtect: env.MEV_PROTECT,
    canProtect: canKeepOrders({
      services: landingSettingsOf(env).services,
      feeLamportsMax: env.PRIORITY_FEE_LAMPORTS_MAX,
    }),
  };
}

export function streamSettingsOf(env: ExecutorEnv): ConnectionSettings["streams"] {
  return {
    socketsPerProvider: env.STREAM_SOCKETS,
    subscriptionsMax: env.STREAM_SUBSCRIPTIONS_MAX,
    staleMs: env.STREAM_STALE_MS,
    lagSlotsMax: env.STREAM_LAG_SLOTS_MAX,
    verifyMs: env.STREAM_VERIFY_MS,
  };
}

export function landingSettingsOf(env: ExecutorEnv): LandingSettings {
  return {
    blockhashPollMs: env.BLOCKHASH_POLL_MS,
    feePollMs: env.FEE_POLL_MS,
    feeEstimateUrl: env.FEE_ESTIMATE_URL?.reveal(),
    mevProtect: env.MEV_PROTECT,
    plainAfterSlots: env.MEV_PROTECT_SLOTS,
    services: env.SEND_LANES.map((taker) => tipServiceOf(env, taker)),
  };
}

function tipServiceOf(env: ExecutorEnv, taker: ExecutorEnv["SEND_LANES"][number]): TipService {
  switch (taker) {
    case "jito":
      return {
        taker,
        urls: env.JITO_URLS,
        requestsPerSecond: env.JITO_RPS,
        tipLamports: env.JITO_TIP_LAMPORTS,
        key: env.JITO_AUTH?.reveal(),
        sendsBundles: env.JITO_SEND === "bundles",
      };
    case "helius":
      return {
        taker,
        urls: [env.HELIUS_SENDER_URL],
        requestsPerSecond: env.HELIUS_SENDER_RPS,
        tipLamports: env.HELIUS_TIP_LAMPORTS,
        key: undefined,
        sendsBundles: false,
      };
    case "jupiter":
      return {
        taker,
        urls: [env.JUPITER_SEND_URL],
        requestsPerSecond: env.JUPITER_SEND_RPS,
        tipLamports: env.JUPITER_TIP_LAMPORTS,
        key: env.JUPITER_API_KEY?.reveal(),
        sendsBundles: false,
      };
  }
}

/** Pairs each RPC address with its WebSocket address, by position. */
export function venueProvidersOf(
  env: Pick<ExecutorEnv, "SOLANA_RPC_URLS" | "SOLANA_WS_URLS">,
): { url: string; wsUrl: string }[] {
  return env.SOLANA_RPC_URLS.map((url, at) => {
    const wsUrl = env.SOLANA_WS_URLS[at];
    assert(wsUrl !== undefined, "expected as many WebSocket addresses as RPC addresses");
    return { url, wsUrl };
  });
}

/** Separate keys for buttons and API tokens, both from one secret (HKDF-SHA256). */
export function deriveStateKeys(secret: Secret): { ticket: Buffer; apiToken: Buffer } {
  const derive = (label: string): Buffer =>
    Buffer.from(hkdfSync("sha256", secret.reveal(), "raptor/state/v1", label, 32));
  return { ticket: derive("ticket"), apiToken: derive("api-token") };
}
