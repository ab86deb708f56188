import type { OrderRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import { createDirectRoute, DirectRoute, type PoolState } from "./direct-route.ts";
import { instrumentOf } from "./instrument-name.ts";
import type { LandingPlan } from "./landing-plan.ts";
import { signDirect, type DirectSignDeps } from "./sign-direct.ts";
import { deriveSwapAccounts } from "./swap-instructions.ts";
import type { TemplateShelf } from "./template-shelf.ts";

export interface RehearsalDeps extends DirectSignDeps {
  clock: Clock;
  log: Log;
  templates: TemplateShelf;
  planLanding(side: "sell", n: number): LandingPlan;
  /** How many exits are rehearsed; 0 is off. */
  count: number;
}

/** Nobody's: the wallet exists in the signer's memory alone and has never held anything. */
const NOBODY = 1;
const QUANTITY = 1_000_000_000n;
const SLIPPAGE_BPS = 500;
const AT_ONCE = 4;
const PAUSE_MS = 20;

/**
 * Signs exits of a wallet that holds nothing and throws them away, so that the first real one finds
 * the code of both processes compiled: it is several times slower the first hundred times. What is
 * signed could not land if it got out, as there is nothing to sell and nobody to pay the fee.
 */
export async function rehearseExits(
  deps: RehearsalDeps,
  state: PoolState,
  signal: AbortSignal,
): Promise<void> {
  const { clock, log, signer, count } = deps;
  try {
    const wallet = await signer.createWallet("rehearsal", NOBODY);
    for (let done = 0; done < count && !signal.aborted; done++) {
      await rehearseOne(deps, state, wallet);
      if (done % AT_ONCE === AT_ONCE - 1) await clock.sleep(PAUSE_MS, signal);
    }
    log.debug({ count }, "exits were rehearsed");
  } catch (error) {
    // Not worth a try of its own again: real exits need none of it.
    if (!isRaptorError(error) || error.code === "RAPTOR_SIGNER__GONE") throw error;
    log.info({ code: error.code }, "exits were not rehearsed");
  }
}

async function rehearseOne(
  deps: RehearsalDeps,
  state: PoolState,
  { address, wrapped }: { address: string; wrapped: string },
): Promise<void> {
  const { ref, kind } = state.pool;
  const { mint, tokenProgram } = ref;
  const side = "sell" as const;
  const request = {
    wallet: address,
    mint,
    side,
    quantityIn: QUANTITY,
    slippageBps: SLIPPAGE_BPS,
  };
  const route = createDirectRoute(request, state);
  const landing = deps.planLanding(side, 1);
  const plan = {
    side,
    accounts: deriveSwapAccounts(address, mint, tokenProgram),
    isNative: kind === "pump",
    hasNonce: false,
    tipCount: landing.landing.tips.length,
  };
  const compiled = deps.templates.get(plan, state.pool);
  if (!compiled.ok || !(route.handle instanceof DirectRoute)) return;
  const draft = {
    order: orderOf(mint, tokenProgram),
    wallet: walletOf(address),
    wrapped,
    route,
    direct: route.handle,
    plan,
    template: compiled.template,
    landing,
    lifetime: {
      blockhash: encodeBase58(new Uint8Array(32).fill(7)),
      bound: { kind: "blockHeight" as const, blockhash: "", lastValidBlockHeight: 0 },
      nonce: undefined,
      isReplacement: false,
      evidence: {},
    },
    witness: { lamports: 0n, quantity: 0n },
  };
  await signDirect(deps, draft, 100_000, 1n);
}

function walletOf(address: string): WalletRow {
  return { walletId: "rehearsal", userId: NOBODY, address, vaultSha256: "" };
}

function orderOf(mint: string, tokenProgram: string): OrderRow {
  return {
    orderId: "rehearsal",
    userId: NOBODY,
    walletId: "rehearsal",
    venue: "SOLANA",
    instrument: instrumentOf(mint),
    symbol: "",
    decimals: 0,
    tokenProgram,
    side: "sell",
    source: { kind: "job", jobId: "rehearsal" },
    notionalLamports: "0",
    quantity: String(QUANTITY),
    slippageBpsMax: SLIPPAGE_BPS,
    positionId: null,
    entryPriceE9: null,
    deadlineMs: null,
    guardOverride: false,
    noticeKey: "",
    status: "initialized",
    reason: null,
    createdMs: 0,
  };
}
