import type { MevProtect } from "@raptor/shared/domain/mev-protect.ts";
import type { OrderRow, WalletRow } from "@raptor/shared/domain/rows.ts";
import { assert } from "@raptor/shared/errors/raptor-error.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { PoolKind, PoolSide } from "../../pools/direct-pool.ts";
import { rentLamportsMax } from "../../pools/trade-rent.ts";
import type { Signer } from "../../ports/signer.ts";
import type { Lifetime, PreparedAttempt, PrepareOutcome, Route } from "../../ports/venue.ts";
import {
  type AttemptLifetime,
  blockLifetime,
  exclusionGroupOf,
  fetchLifetime,
  nonceLifetime,
} from "./attempt-lifetime.ts";
import { encodeLanding } from "./attempt-route.ts";
import { UNPROTECTED } from "./build-swap.ts";
import type { BlockhashBook } from "./blockhash-book.ts";
import { costCapOf } from "./cost-cap.ts";
import { DirectRoute } from "./direct-route.ts";
import type { DirectPlan, DirectTemplate } from "./direct-template.ts";
import { unitsFor } from "./direct-units.ts";
import type { FeeBook } from "./fee-book.ts";
import { type LandingPlan, withoutTips } from "./landing-plan.ts";
import { signDirect } from "./sign-direct.ts";
import type { NonceBook } from "./nonce-book.ts";
import { assertRequestOf, refuse, refused, type Step } from "./prepare-step.ts";
import type { Rpc } from "./rpc.ts";
import { fetchSwapBalances } from "./simulate-swap.ts";
import { deriveSwapAccounts } from "./swap-instructions.ts";
import type { TemplateShelf } from "./template-shelf.ts";
import type { UnitsMemory } from "./units-memory.ts";
import type { WalletAccounts } from "./wallet-accounts.ts";
import type { WarmAccounts } from "./warm-accounts.ts";

/** What the log says of a refusal. */
const WORDS = {
  suspicious: "a direct swap was refused: its simulation or its check is wrong",
  plain: "a direct swap was not prepared",
} as const;

export interface DirectDeps {
  rpc: Rpc;
  signer: Signer;
  log: Log;
  feeLamportsMax: bigint;
  blockhashes: Pick<BlockhashBook, "latest" | "fetchNewest">;
  nonces: Pick<NonceBook, "ready">;
  fees: Pick<FeeBook, "unitPrice">;
  units: Pick<UnitsMemory, "unitLimit" | "note">;
  warm: Pick<WarmAccounts, "lamportsOf" | "tokenBalanceOf">;
  templates: TemplateShelf;
  /** Shared with swaps that hand the signature on: what a buy creates is out of reach there. */
  walletAccounts: Pick<WalletAccounts, "expect">;
  planLanding(side: PoolSide, n: number, protect?: MevProtect): LandingPlan;
  /** A trade with such a pool failed in its simulation. */
  onSimulationFailed(kind: PoolKind): void;
}

/** A token account with the extensions that we trade; the classic one is a little less. */
const TOKEN_RENT_LAMPORTS_MAX = 2_500_000n;

/** The wallet's balances as an attempt is held against them. */
interface Witness {
  lamports: bigint;
  quantity: bigint;
}

export interface DirectDraft {
  order: OrderRow;
  wallet: WalletRow;
  wrapped: string;
  route: Route;
  direct: DirectRoute;
  plan: DirectPlan;
  template: DirectTemplate;
  landing: LandingPlan;
  lifetime: AttemptLifetime;
  witness: Witness;
}

/**
 * From a pool's state to signed bytes. While everything is at hand nothing is waited for but the
 * signer: the lifetime, the fee, the units and the balances come from memory that says itself when
 * it is too old, and then the nodes are asked. Sends nothing.
 * @throws RAPTOR_VENUE__UNAVAILABLE, __NO_ROUTE and RAPTOR_SIGNER__GONE; nothing left then.
 */
export async function prepareDirect(
  deps: DirectDeps,
  order: OrderRow,
  wallet: WalletRow,
  wrapped: string,
  route: Route,
  n: number,
  wanted: Lifetime,
): Promise<PrepareOutcome> {
  const direct = directOf(order, wallet, route);
  const shaped = shapeOf(deps, direct, order.tokenProgram, wanted, n);
  if (!shaped.ok) return refuse(deps.log, order, shaped, WORDS);
  const { plan, template, landing } = shaped.value;
  const lifetime = lifetimeAtHand(deps, wallet.address, wanted);
  const witness = balancesAtHand(deps, plan);
  const draft: DirectDraft = {
    order,
    wallet,
    wrapped,
    route,
    direct,
    plan,
    template,
    landing,
    lifetime: lifetime ?? (await fetchLifetime(deps, wallet.address, wanted)),
    witness: witness ?? (await fetchBalances(deps.rpc, plan)),
  };
  const short = checkFunds(draft);
  if (short !== undefined) return refuse(deps.log, order, refused(short, false), WORDS);
  const units = await unitsFor(deps, draft, unitsTryOf(wanted, n));
  if (!units.ok) return refuse(deps.log, order, units, WORDS);
  const unitPriceMicroLamports = deps.fees.unitPrice(order.side, n, units.value, {
    tipLamports: landing.tipLamports,
    isReplacement: draft.lifetime.isReplacement,
  });
  if (order.side === "buy") deps.walletAccounts.expect(wallet.address, plan.accounts.tokenAccount);
  const signed = await signDirect(deps, draft, units.value, unitPriceMicroLamports);
  if (!signed.ok) return refuse(deps.log, order, signed, WORDS);
  return {
    outcome: "prepared",
    attempt: attemptOf(draft, signed.value, units.value, unitPriceMicroLamports),
  };
}

/**
 * A try that reverts for want of units has used its nonce up, so that a copy on the same value
 * needs no more of them; under the cap it would only pay less for each than what it replaces.
 */
function unitsTryOf(wanted: Lifetime, n: number): number {
  return wanted.kind === "nonce" && wanted.value !== null ? (wanted.firstTry ?? n) : n;
}

/** The engine must hand over what belongs together; anything else is a defect of ours. */
function directOf(order: OrderRow, wallet: WalletRow, { handle }: Route): DirectRoute {
  assert(handle instanceof DirectRoute, "the route was made by this venue");
  assertRequestOf(order, wallet, handle.request);
  assert(handle.state.pool.ref.mint === handle.request.mint, "the pool trades this mint");
  return handle;
}

interface Shape {
  plan: DirectPlan;
  template: DirectTemplate;
  landing: LandingPlan;
}

/** With the tips when they fit into the packet, else without: plain lanes are better than none. */
function shapeOf(
  deps: DirectDeps,
  { request, state }: DirectRoute,
  tokenProgram: string,
  wanted: Lifetime,
  n: number,
): Step<Shape> {
  const { pool } = state;
  const { side } = request;
  assert(pool.ref.tokenProgram === tokenProgram, "the pool knows the token's program");
  const wish = deps.planLanding(side, n, request.protect);
  if (wish.isUnprotectable && side === "buy") return refused(UNPROTECTED, false);
  const bare: DirectPlan = {
    side,
    accounts: deriveSwapAccounts(request.wallet, request.mint, tokenProgram),
    isNative: pool.kind === "pump",
    hasNonce: wanted.kind === "nonce",
    tipCount: 0,
  };
  const tipped = { ...bare, tipCount: wish.landing.tips.length };
  const first = deps.templates.get(tipped, pool);
  if (first.ok) {
    return { ok: true, value: { plan: tipped, template: first.template, landing: wish } };
  }
  const landing = withoutTips(wish, side, "the transaction has no room for its tip");
  if (landing.isUnprotectable && side === "buy") return refused(UNPROTECTED, false);
  const second = deps.templates.get(bare, pool);
  if (second.ok) return { ok: true, value: { plan: bare, template: second.template, landing } };
  const told = refused(`the trade does not fit into one transaction: ${second.reason}`, false);
  const fits = bare.hasNonce && deps.templates.get({ ...bare, hasNonce: false }, pool).ok;
  return fits ? { ...told, onlyNonceTooLong: true } : told;
}

function lifetimeAtHand(
  { blockhashes, nonces }: DirectDeps,
  wallet: string,
  wanted: Lifetime,
): AttemptLifetime | undefined {
  if (wanted.kind === "nonce") {
    const reading = nonces.ready(wallet, wanted.account);
    const isFitting = wanted.value === null || wanted.value === reading?.value;
    if (reading === undefined || !isFitting) return undefined;
    return nonceLifetime(wallet, wanted.account, reading, wanted.value !== null);
  }
  const newest = blockhashes.latest();
  return newest === undefined ? undefined : blockLifetime(newest);
}

function balancesAtHand({ warm }: DirectDeps, { accounts }: DirectPlan): Witness | undefined {
  const lamports = warm.lamportsOf(accounts.wallet);
  const quantity = warm.tokenBalanceOf(accounts.wallet, accounts.mint);
  if (lamports?.isFresh !== true || quantity?.isFresh !== true) return undefined;
  return { lamports: lamports.value, quantity: quantity.value };
}

async function fetchBalances(rpc: Rpc, plan: DirectPlan): Promise<Witness> {
  const { walletLamports, tokenQuantity } = await fetchSwapBalances(rpc, plan);
  return { lamports: walletLamports, quantity: tokenQuantity };
}

function checkFunds({ direct, witness }: DirectDraft): string | undefined {
  const { side, quantityIn } = direct.request;
  if (side === "buy" && witness.lamports < quantityIn) {
    return `the wallet holds ${witness.lamports} lamports, the order needs ${quantityIn}`;
  }
  if (side === "sell" && witness.quantity < quantityIn) {
    return `the wallet holds ${witness.quantity} units, the order sells ${quantityIn}`;
  }
  return undefined;
}

function attemptOf(
  { route, plan, lifetime, witness, direct, landing }: DirectDraft,
  { identity, payload }: { identity: string; payload: string },
  unitLimit: number,
  unitPriceMicroLamports: bigint,
): PreparedAttempt {
  const { side, quantityIn } = direct.request;
  const rentLamports = TOKEN_RENT_LAMPORTS_MAX + rentLamportsMax(direct.state.pool, side);
  return {
    identity,
    payload,
    bound: lifetime.bound,
    exclusionGroup: exclusionGroupOf(lifetime, identity),
    costCapLamports: costCapOf({
      side,
      quantityIn,
      rentLamports,
      unitLimit,
      unitPriceMicroLamports,
      tipLamports: landing.tipLamports,
    }),
    quantityOutMin: route.quantityOutMin,
    route: {
      ...route.evidence,
      side,
      ...plan.accounts,
      ...lifetime.evidence,
      unitLimit,
      unitPriceMicroLamports: String(unitPriceMicroLamports),
      tipLamports: String(landing.tipLamports),
      ...encodeLanding(landing.landing),
      ...(landing.leftOut.length === 0 ? {} : { lanesLeftOut: landing.leftOut }),
    },
    witness,
  };
}
