import type { MevProtect } from "@raptor/shared/domain/mev-protect.ts";
import type { OrderRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import { assert } from "@raptor/shared/errors/raptor-error.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import { decodeBase58 } from "@raptor/shared/values/base58.ts";
import { WALLET_TOKEN_ACCOUNTS_MAX, type Signer, type SwapIntent } from "../../ports/signer.ts";
import type { Lifetime, PreparedAttempt, PrepareOutcome, Route } from "../../ports/venue.ts";
import { exclusionGroupOf, fetchLifetime } from "./attempt-lifetime.ts";
import { encodeLanding } from "./attempt-route.ts";
import type { BlockhashBook } from "./blockhash-book.ts";
import { checkBuild } from "./check-build.ts";
import { costCapOf } from "./cost-cap.ts";
import type { FeeBook } from "./fee-book.ts";
import { checkHandedOn, handsSignatureOn } from "./handed-on.ts";
import { type LandingPlan, withoutTips } from "./landing-plan.ts";
import { checkLookupTables, fetchLookupTables } from "./lookup-tables.ts";
import { LAMPORTS_PER_SIGNATURE, unitLimitOf, UNITS_MAX } from "./priority-fee.ts";
import type { Rpc } from "./rpc.ts";
import { fetchSwapBalances, type SwapBalances } from "./simulate-swap.ts";
import { deriveSwapAccounts, parseUnitPrice, type SwapPlan } from "./swap-instructions.ts";
import { compileSwapMessage, encodeTransaction } from "./swap-message.ts";
import { assertRequestOf, refuse, refused, type Step } from "./prepare-step.ts";
import { SwapRoute } from "./swap-route.ts";
import { sumTips } from "./tip-instruction.ts";
import type { WalletAccounts } from "./wallet-accounts.ts";
import { tryOnNode, type Simulated, type SwapDraft, type SwapGoal } from "./witness-swap.ts";

/** What the log says of a refusal. */
const WORDS = {
  suspicious: "a swap was refused: the route service's answer is suspicious",
  plain: "a swap was not prepared",
} as const;

export const UNPROTECTED =
  "no lane that keeps the order from others can take it; nothing was sent. Buy without protection " +
  "(/settings, MEV_PROTECT) or set up another lane";

export interface SwapBuilderDeps {
  rpc: Rpc;
  signer: Signer;
  log: Log;
  walletAccounts: WalletAccounts;
  blockhashes: Pick<BlockhashBook, "fetchNewest">;
  /** Of priority fee and tips together. */
  priorityFeeLamportsMax: bigint;
  fees: Pick<FeeBook, "unitPrice" | "watch">;
  /** Lanes and tips of try number `n`. */
  planLanding(side: "buy" | "sell", n: number, protect?: MevProtect): LandingPlan;
  /** The program that owns a mint; immutable, so the caller may remember it. */
  fetchTokenProgram(mint: string): Promise<string>;
}

/**
 * From a quote to signed bytes: our own instructions around the route's one swap, our own
 * blockhash and lookup tables, a simulation as second witness, then the signer. Sends nothing.
 * @throws RAPTOR_VENUE__UNAVAILABLE and RAPTOR_SIGNER__GONE; nothing left the process then.
 */
export async function prepareSwap(
  deps: SwapBuilderDeps,
  order: OrderRow,
  wallet: WalletRow,
  wrapped: string,
  route: Route,
  n: number,
  wanted: Lifetime,
): Promise<PrepareOutcome> {
  const swap = swapOf(order, wallet, route);
  const draft = await draftSwap(deps, swap, wanted, n);
  if (!draft.ok) return refuse(deps.log, order, draft, WORDS);
  const goal = { quantityOutMin: route.quantityOutMin, decimals: order.decimals };
  const simulated = await simulateFitting(deps, draft.value, goal);
  if (!simulated.ok) return refuse(deps.log, order, simulated, WORDS);
  const { units, after, before, landing } = simulated.value;
  const {
    lifetime,
    plan: { accounts },
  } = draft.value;
  const unitLimit = unitLimitOf(units);
  const { tipLamports } = landing;
  // What is at hand: a source of fees that is slow or broken never holds an exit.
  const unitPriceMicroLamports = deps.fees.unitPrice(order.side, n, unitLimit, {
    tipLamports,
    suggested: suggestedPrice(swap),
    accountsKey: deps.fees.watch(writablesOf(swap)),
    isReplacement: lifetime.isReplacement,
  });
  const plan = { ...simulated.value.plan, unitLimit, unitPriceMicroLamports };
  if (plan.side === "buy") deps.walletAccounts.expect(wallet.address, accounts.tokenAccount);
  const rentLamports = before.hasTokenAccount ? 0n : after.tokenAccountLamports;
  const signed = await signSwap(deps, { order, wallet, wrapped, route, draft: draft.value, plan });
  if (!signed.ok) return refuse(deps.log, order, signed, WORDS);
  const attempt: PreparedAttempt = {
    ...signed.value,
    bound: lifetime.bound,
    exclusionGroup: exclusionGroupOf(lifetime, signed.value.identity),
    // The account that is there now may be gone when this lands: its owner closed it, or a fork took
    // back what had opened it.
    costCapLamports: costCapOf({
      ...plan,
      rentLamports: after.tokenAccountLamports,
      tipLamports,
    }),
    quantityOutMin: route.quantityOutMin,
    route: {
      ...route.evidence,
      side: plan.side,
      ...accounts,
      ...lifetime.evidence,
      unitLimit,
      unitPriceMicroLamports: String(unitPriceMicroLamports),
      rentLamports: String(rentLamports),
      // What the cost cap counted, so that it can be worked out again.
      rentLamportsMax: String(after.tokenAccountLamports),
      tipLamports: String(tipLamports),
      ...encodeLanding(landing.landing),
      ...(landing.leftOut.length === 0 ? {} : { lanesLeftOut: landing.leftOut }),
      simulatedUnits: units,
    },
    witness: { lamports: before.walletLamports, quantity: before.tokenQuantity },
  };
  return { outcome: "prepared", attempt };
}

/** The engine must hand over what belongs together; anything else is a defect of ours. */
function swapOf(order: OrderRow, wallet: WalletRow, route: Route): SwapRoute {
  const { handle } = route;
  assert(handle instanceof SwapRoute, "the route was made by this venue");
  assertRequestOf(order, wallet, handle.request);
  return handle;
}

/** What the route service proposes to pay per unit. */
function suggestedPrice({ answer }: SwapRoute): bigint | undefined {
  const prices = answer.computeBudgetInstructions.map(parseUnitPrice);
  return prices.find((price) => price !== undefined);
}

/** The accounts that others compete for: the pools', not the wallet's own. */
function writablesOf({ answer, request }: SwapRoute): string[] {
  return answer.swapInstruction.accounts
    .filter(({ isWritable, pubkey }) => isWritable && pubkey !== request.wallet)
    .map(({ pubkey }) => pubkey);
}

interface LandingDraft extends SwapDraft {
  landing: LandingPlan;
}

/** With the tips when they fit, else without: plain lanes are better than no trade. */
async function simulateFitting(
  deps: SwapBuilderDeps,
  draft: LandingDraft,
  goal: SwapGoal,
): Promise<Step<Simulated & { landing: LandingPlan }>> {
  const { landing } = draft;
  const whole = await tryOnNode(deps.rpc, draft, goal);
  if (whole.ok) return { ok: true, value: { ...whole.value, landing } };
  if (whole.isTooLong !== true || landing.tipLamports === 0n) return whole;
  const bare = withoutTips(landing, draft.plan.side, "the transaction has no room for its tip");
  if (bare.isUnprotectable && draft.plan.side === "buy") return refused(UNPROTECTED, false);
  const shorter = { ...draft, plan: { ...draft.plan, tips: [] } };
  const again = await tryOnNode(deps.rpc, shorter, goal);
  return again.ok ? { ok: true, value: { ...again.value, landing: bare } } : again;
}

async function draftSwap(
  deps: SwapBuilderDeps,
  swap: SwapRoute,
  wanted: Lifetime,
  n: number,
): Promise<Step<LandingDraft>> {
  const { request, answer } = swap;
  const landing = deps.planLanding(request.side, n, request.protect);
  if (landing.isUnprotectable && request.side === "buy") return refused(UNPROTECTED, false);
  const tokenProgram = await deps.fetchTokenProgram(request.mint);
  const accounts = deriveSwapAccounts(request.wallet, request.mint, tokenProgram);
  const suspicious = checkBuild(request.side, answer, accounts);
  if (suspicious.length > 0) return refused(suspicious.join("; "), true);
  const plan: SwapPlan = {
    side: request.side,
    accounts,
    quantityIn: request.quantityIn,
    unitLimit: UNITS_MAX,
    unitPriceMicroLamports: 0n,
    swap: answer.swapInstruction,
    guard: undefined,
    nonceAccount: wanted.kind === "nonce" ? wanted.account : undefined,
    tips: landing.landing.tips,
  };
  const handsOn = handsSignatureOn(plan.swap, request.wallet);
  const unsignable = handsOn ? checkHandedOn(plan.swap) : undefined;
  if (unsignable !== undefined) return refused(unsignable, false);
  const stated = answer.addressesByLookupTableAddress ?? {};
  const [found, lifetime, before, walletTokenAccounts] = await Promise.all([
    fetchLookupTables(deps.rpc, Object.keys(stated)),
    fetchLifetime(deps, request.wallet, wanted),
    fetchSwapBalances(deps.rpc, plan),
    handsOn ? deps.walletAccounts.fetch(request.wallet) : [],
  ]);
  const differing = checkLookupTables(stated, found.tables);
  if (differing.length > 0) return refused(differing.join("; "), true);
  // Beside the signature, what a table hides could be another token account of the wallet.
  if (handsOn && found.contradicted.length > 0) {
    return refused(`the nodes contradict each other about ${found.contradicted.join(", ")}`, true);
  }
  const short = checkFunds(plan, before);
  if (short !== undefined) return refused(short, false);
  if (walletTokenAccounts.length > WALLET_TOKEN_ACCOUNTS_MAX) {
    return refused("the wallet has too many token accounts for this route", false);
  }
  const tables = handsOn ? found.agreed : found.tables.filter((table) => table !== undefined);
  return { ok: true, value: { plan, tables, lifetime, before, walletTokenAccounts, landing } };
}

/** Only what can be said for sure before the simulation; it knows rent and fees exactly. */
function checkFunds(plan: SwapPlan, before: SwapBalances): string | undefined {
  if (plan.side === "buy" && before.walletLamports < plan.quantityIn) {
    return `the wallet holds ${before.walletLamports} lamports, the order needs ${plan.quantityIn}`;
  }
  if (plan.side === "sell" && before.tokenQuantity < plan.quantityIn) {
    return `the wallet holds ${before.tokenQuantity} units, the order sells ${plan.quantityIn}`;
  }
  return undefined;
}

interface SignInput {
  order: OrderRow;
  wallet: WalletRow;
  wrapped: string;
  route: Route;
  draft: SwapDraft;
  plan: SwapPlan;
}

async function signSwap(
  deps: SwapBuilderDeps,
  input: SignInput,
): Promise<Step<{ identity: string; payload: string }>> {
  const { order, wallet, plan, draft } = input;
  const compiled = compileSwapMessage(plan, draft.tables, draft.lifetime.blockhash);
  // Only two numbers of fixed width differ from the message that was simulated.
  assert(compiled.ok, "the message fits as its simulation did");
  const { message } = compiled;
  const { nonce } = draft.lifetime;
  const tipLamports = sumTips(plan.tips);
  const intent: SwapIntent = {
    kind: "solanaSwap",
    side: plan.side,
    wallet: wallet.address,
    mint: plan.accounts.mint,
    tokenProgram: plan.accounts.tokenProgram,
    quantityIn: String(plan.quantityIn),
    quantityOutMin: String(input.route.quantityOutMin),
    slippageBpsMax: order.slippageBpsMax,
    feeLamportsMax: String(LAMPORTS_PER_SIGNATURE + deps.priorityFeeLamportsMax - tipLamports),
    tipLamportsMax: String(tipLamports),
    lookupTables: draft.tables,
    walletTokenAccounts: draft.walletTokenAccounts,
    tokenQuantityMin: String(plan.guard?.tokenQuantityMin ?? 0n),
    nonce: nonce === undefined ? null : { index: nonce.index, value: nonce.value },
  };
  const answer = await deps.signer.sign({
    alg: "ed25519",
    walletId: wallet.walletId,
    userId: wallet.userId,
    wrapped: input.wrapped,
    intent,
    message: Buffer.from(message).toString("base64"),
  });
  if (answer.outcome === "refused") {
    return refused(`the signer refused: ${answer.reasons.join("; ")}`, true);
  }
  const signature = decodeBase58(answer.signature);
  assert(signature?.length === 64, "the signer answers 64 bytes in base58");
  const payload = encodeTransaction(signature, message);
  return { ok: true, value: { identity: answer.signature, payload } };
}
