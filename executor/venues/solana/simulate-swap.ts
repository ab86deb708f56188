import { z } from "zod";
import { unusable } from "./attempt-lifetime.ts";
import { checkControls, readControl, type SwapControls } from "./account-control.ts";
import { accountsAnswer, simulationAnswer, type AccountAnswer } from "./rpc-answers.ts";
import type { Rpc } from "./rpc.ts";
import type { SwapPlan } from "./swap-instructions.ts";
import { encodeTransaction } from "./swap-message.ts";
import { parseTokenAccount } from "./token-account.ts";

/** The wallet's three accounts that a swap may touch, before or after. */
export interface SwapBalances {
  /** Of the node's answer: what the chain held then. */
  slot: number;
  walletLamports: bigint;
  /** All lamports of the three accounts: what the wallet owns of SOL, rent included. */
  ownLamports: bigint;
  tokenQuantity: bigint;
  hasTokenAccount: boolean;
  /** Lamports that keep the token account alive. */
  tokenAccountLamports: bigint;
  controls: SwapControls;
}

export type SimulationOutcome =
  | { outcome: "passed"; units: number; after: SwapBalances }
  /** The chain would refuse it; in words. */
  | { outcome: "failed"; reason: string };

const NO_SIGNATURE = new Uint8Array(64);
const SLIPPAGE_EXCEEDED = 6_001;
const INSUFFICIENT_FUNDS = new Set([1, 6_024]);

/** What a simulation and its judgement need to know of a swap. */
export type SwapOutline = Pick<SwapPlan, "side" | "accounts" | "quantityIn" | "nonceAccount">;

function addressesOf({ accounts }: Pick<SwapPlan, "accounts">): string[] {
  return [accounts.wallet, accounts.tokenAccount, accounts.wsolAccount];
}

export async function fetchSwapBalances(
  rpc: Pick<Rpc, "askNewest">,
  plan: Pick<SwapPlan, "accounts">,
  commitment: "confirmed" | "processed" = "confirmed",
): Promise<SwapBalances> {
  const answer = await rpc.askNewest(
    "getMultipleAccounts",
    [addressesOf(plan), { encoding: "base64", commitment }],
    accountsAnswer,
    ({ context }) => context.slot,
  );
  return readBalances(answer.value, answer.context.slot);
}

/**
 * Runs the swap on a node without sending it, with the largest unit limit and without a priority
 * fee, and reads what it would leave behind: the second witness beside the signer's reading of the
 * bytes.
 * @throws RAPTOR_VENUE__UNAVAILABLE when no node simulated, or the nonce is no longer the same.
 */
export async function simulateSwap(
  rpc: Rpc,
  plan: SwapOutline,
  message: Uint8Array,
): Promise<SimulationOutcome> {
  const answer = await rpc.askNewest(
    "simulateTransaction",
    [
      encodeTransaction(NO_SIGNATURE, message),
      {
        encoding: "base64",
        commitment: "confirmed",
        sigVerify: false,
        // A nonce's value must be the one that the chain holds: that is worth finding out now.
        replaceRecentBlockhash: plan.nonceAccount === undefined,
        accounts: { encoding: "base64", addresses: addressesOf(plan) },
      },
    ],
    simulationAnswer,
    ({ context }) => context.slot,
  );
  const { err, accounts, unitsConsumed } = answer.value;
  if (plan.nonceAccount !== undefined && err === "BlockhashNotFound") {
    throw unusable("the nonce moved on while the swap was simulated");
  }
  if (err !== null) return { outcome: "failed", reason: describeTransactionError(err) };
  if (accounts === null || accounts === undefined) {
    return { outcome: "failed", reason: "the node did not show what the swap would change" };
  }
  return {
    outcome: "passed",
    units: unitsConsumed ?? 0,
    after: readBalances(accounts, answer.context.slot),
  };
}

/** Why what the simulation leaves behind breaks the intent; empty when it keeps it. */
export function checkAftermath(
  plan: SwapOutline,
  quantityOutMin: bigint,
  feeLamportsMax: bigint,
  before: SwapBalances,
  after: SwapBalances,
): string[] {
  return [
    ...checkBalances(plan, quantityOutMin, feeLamportsMax, before, after),
    ...checkControls(plan.accounts, before.controls, after.controls),
  ];
}

/** Why the simulated balances break the intent; empty when they keep it. */
function checkBalances(
  plan: SwapOutline,
  quantityOutMin: bigint,
  feeLamportsMax: bigint,
  before: SwapBalances,
  after: SwapBalances,
): string[] {
  const lamports = after.ownLamports - before.ownLamports;
  const tokens = after.tokenQuantity - before.tokenQuantity;
  const reasons: string[] = [];
  if (plan.side === "buy") {
    if (-lamports > plan.quantityIn + feeLamportsMax) {
      reasons.push(`the swap would cost ${-lamports} lamports instead of ${plan.quantityIn}`);
    }
    if (tokens < quantityOutMin) {
      reasons.push(`the swap would bring ${tokens} instead of at least ${quantityOutMin}`);
    }
    return reasons;
  }
  // Less than the order is no harm: anybody may send the wallet the token while it is sold, and who
  // does so all the time must not hold an exit.
  if (-tokens > plan.quantityIn) {
    reasons.push(`the swap would take ${-tokens} base units instead of ${plan.quantityIn}`);
  }
  if (lamports < quantityOutMin - feeLamportsMax) {
    reasons.push(`the swap would bring ${lamports} lamports instead of ${quantityOutMin}`);
  }
  return reasons;
}

function readBalances(accounts: readonly (AccountAnswer | null)[], slot: number): SwapBalances {
  const [wallet, token, wsol] = accounts;
  const held = token ? parseTokenAccount(Buffer.from(token.data[0], "base64")) : undefined;
  const walletLamports = wallet?.lamports ?? 0n;
  const tokenAccountLamports = token?.lamports ?? 0n;
  return {
    slot,
    walletLamports,
    ownLamports: walletLamports + tokenAccountLamports + (wsol?.lamports ?? 0n),
    tokenQuantity: held?.quantity ?? 0n,
    hasTokenAccount: held !== undefined,
    tokenAccountLamports,
    controls: { wallet: readControl(wallet), token: readControl(token), wsol: readControl(wsol) },
  };
}

const instructionError = z.object({
  InstructionError: z.tuple([z.number(), z.union([z.string(), z.object({ Custom: z.number() })])]),
});

/** A transaction error in words that a person can act on. */
export function describeTransactionError(err: unknown): string {
  const parsed = instructionError.safeParse(err);
  if (!parsed.success) {
    if (JSON.stringify(err).startsWith('"InsufficientFunds')) {
      return "the wallet does not hold enough SOL for this order, its fee and its rent";
    }
    if (JSON.stringify(err).includes("InsufficientFundsForRent")) {
      return "the order would leave too little SOL in the wallet to keep it open";
    }
    return `the chain refuses the transaction: ${JSON.stringify(err).slice(0, 160)}`;
  }
  const [index, detail] = parsed.data.InstructionError;
  if (typeof detail === "string") return `instruction ${index} fails: ${detail.slice(0, 80)}`;
  const { Custom: code } = detail;
  if (code === SLIPPAGE_EXCEEDED) return "the price moved beyond the allowed slippage (6001)";
  if (INSUFFICIENT_FUNDS.has(code)) return `the wallet does not hold enough (error ${code})`;
  return `instruction ${index} fails with error ${code}`;
}
