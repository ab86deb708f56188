import type { OrderRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import { assert } from "@raptor/shared/errors/raptor-error.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import { decodeBase58 } from "@raptor/shared/values/base58.ts";
import type { Signer, SwapIntent } from "../../ports/signer.ts";
import type { PreparedAttempt, PrepareOutcome, Route } from "../../ports/venue.ts";
import { checkBuild } from "./check-build.ts";
import { checkLookupTables, fetchLookupTables, type LookupTable } from "./lookup-tables.ts";
import { instrumentOf } from "./instrument-name.ts";
import {
  chooseUnitPrice,
  LAMPORTS_PER_SIGNATURE,
  priorityFeeLamports,
  unitLimitOf,
  UNITS_MAX,
} from "./priority-fee.ts";
import { blockhashAnswer } from "./rpc-answers.ts";
import type { Rpc } from "./rpc.ts";
import {
  checkBalances,
  fetchSwapBalances,
  simulateSwap,
  type SwapBalances,
} from "./simulate-swap.ts";
import { deriveSwapAccounts, parseUnitPrice, type SwapPlan } from "./swap-instructions.ts";
import { compileSwapMessage, encodeTransaction } from "./swap-message.ts";
import { SwapRoute } from "./swap-route.ts";

export interface SwapBuilderDeps {
  rpc: Rpc;
  signer: Signer;
  log: Log;
  priorityFeeLamportsMax: bigint;
  /** The program that owns a mint; immutable, so the caller may remember it. */
  fetchTokenProgram(mint: string): Promise<string>;
}

interface Block {
  blockhash: string;
  lastValidBlockHeight: number;
}

interface Draft {
  plan: SwapPlan;
  tables: LookupTable[];
  block: Block;
  before: SwapBalances;
  /** With the largest unit limit and no priority fee, for the simulation. */
  message: Uint8Array;
}

type Step<T> = { ok: true; value: T } | { ok: false; reason: string; alert: boolean };

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
): Promise<PrepareOutcome> {
  const swap = swapOf(order, wallet, route);
  const draft = await draftSwap(deps, swap);
  if (!draft.ok) return refuse(deps.log, order, draft);
  const simulated = await simulateTwice(deps, draft.value, route.quantityOutMin);
  if (!simulated.ok) return refuse(deps.log, order, simulated);
  const { units, after, before } = simulated.value;
  const { accounts } = draft.value.plan;
  const unitLimit = unitLimitOf(units);
  const unitPriceMicroLamports = await chooseUnitPrice(
    deps.rpc,
    swap.answer.computeBudgetInstructions.map(parseUnitPrice).find((price) => price !== undefined),
    unitLimit,
    deps.priorityFeeLamportsMax,
    [accounts.wallet, accounts.tokenAccount, accounts.wsolAccount],
  );
  const plan = { ...draft.value.plan, unitLimit, unitPriceMicroLamports };
  const feeLamports =
    LAMPORTS_PER_SIGNATURE + priorityFeeLamports(unitLimit, unitPriceMicroLamports);
  const rentLamports = before.hasTokenAccount ? 0n : after.tokenAccountLamports;
  const signed = await signSwap(deps, { order, wallet, wrapped, route, draft: draft.value, plan });
  if (!signed.ok) return refuse(deps.log, order, signed);
  const spentLamports = plan.side === "buy" ? plan.quantityIn + rentLamports : 0n;
  const attempt: PreparedAttempt = {
    ...signed.value,
    bound: { kind: "blockHeight", ...draft.value.block },
    exclusionGroup: `sig:${signed.value.identity}`,
    costCapLamports: spentLamports + feeLamports,
    quantityOutMin: route.quantityOutMin,
    route: {
      ...route.evidence,
      side: plan.side,
      ...accounts,
      unitLimit,
      unitPriceMicroLamports: String(unitPriceMicroLamports),
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
  const { request } = handle;
  const quantityMax = BigInt(order.side === "buy" ? order.notionalLamports : order.quantity);
  assert(request.wallet === wallet.address, "the route is for this wallet");
  assert(instrumentOf(request.mint) === order.instrument, "the route is for this instrument");
  assert(request.side === order.side, "the route is for this side");
  assert(request.quantityIn <= quantityMax, "the route spends no more than the order");
  assert(request.slippageBps <= order.slippageBpsMax, "the route keeps the order's slippage");
  return handle;
}

async function draftSwap(deps: SwapBuilderDeps, swap: SwapRoute): Promise<Step<Draft>> {
  const { request, answer } = swap;
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
  };
  const stated = answer.addressesByLookupTableAddress ?? {};
  const [found, block, before] = await Promise.all([
    fetchLookupTables(deps.rpc, Object.keys(stated)),
    fetchBlock(deps.rpc),
    fetchSwapBalances(deps.rpc, plan),
  ]);
  const differing = checkLookupTables(stated, found);
  if (differing.length > 0) return refused(differing.join("; "), true);
  const short = checkFunds(plan, before);
  if (short !== undefined) return refused(short, false);
  const tables = found.filter((table) => table !== undefined);
  const compiled = compileSwapMessage(plan, tables, block.blockhash);
  if (!compiled.ok) {
    return refused(`the route does not fit into one transaction: ${compiled.reason}`, false);
  }
  return { ok: true, value: { plan, tables, block, before, message: compiled.message } };
}

/** The node that is furthest ahead: a later bound only makes us wait longer, never too short. */
async function fetchBlock(rpc: Rpc): Promise<Block> {
  const { value } = await rpc.askNewest(
    "getLatestBlockhash",
    [{ commitment: "confirmed" }],
    blockhashAnswer,
    (answer) => answer.value.lastValidBlockHeight,
  );
  return value;
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

interface Simulated {
  units: number;
  after: SwapBalances;
  before: SwapBalances;
}

/**
 * Balances are read a moment before the simulation, and another order of the same wallet may land
 * in between: only a difference that shows twice counts as an attack.
 */
async function simulateTwice(
  deps: SwapBuilderDeps,
  draft: Draft,
  quantityOutMin: bigint,
): Promise<Step<Simulated>> {
  const { plan } = draft;
  let { before } = draft;
  let reasons: string[] = [];
  for (let n = 0; n < 2; n++) {
    if (n > 0) before = await fetchSwapBalances(deps.rpc, plan);
    const simulation = await simulateSwap(deps.rpc, plan, draft.message);
    if (simulation.outcome === "failed") return refused(simulation.reason, false);
    const { units, after } = simulation;
    reasons = checkBalances(plan, quantityOutMin, LAMPORTS_PER_SIGNATURE, before, after);
    if (reasons.length === 0) return { ok: true, value: { units, after, before } };
  }
  return refused(reasons.join("; "), true);
}

interface SignInput {
  order: OrderRow;
  wallet: WalletRow;
  wrapped: string;
  route: Route;
  draft: Draft;
  plan: SwapPlan;
}

async function signSwap(
  deps: SwapBuilderDeps,
  input: SignInput,
): Promise<Step<{ identity: string; payload: string }>> {
  const { order, wallet, plan, draft } = input;
  const compiled = compileSwapMessage(plan, draft.tables, draft.block.blockhash);
  // Only two numbers of fixed width differ from the message that was simulated.
  assert(compiled.ok, "the message fits as its simulation did");
  const { message } = compiled;
  const intent: SwapIntent = {
    kind: "solanaSwap",
    side: plan.side,
    wallet: wallet.address,
    mint: plan.accounts.mint,
    tokenProgram: plan.accounts.tokenProgram,
    quantityIn: String(plan.quantityIn),
    quantityOutMin: String(input.route.quantityOutMin),
    slippageBpsMax: order.slippageBpsMax,
    feeLamportsMax: String(LAMPORTS_PER_SIGNATURE + deps.priorityFeeLamportsMax),
    lookupTables: draft.tables,
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

function refused(reason: string, alert: boolean): { ok: false; reason: string; alert: boolean } {
  return { ok: false, reason, alert };
}

function refuse(
  log: Log,
  order: OrderRow,
  { reason, alert }: { reason: string; alert: boolean },
): PrepareOutcome {
  const fields = { orderId: order.orderId, instrument: order.instrument, reason };
  if (alert) log.error(fields, "a swap was refused: the route service's answer is suspicious");
  else log.info(fields, "a swap was not prepared");
  return { outcome: "refused", reason, alert };
}
