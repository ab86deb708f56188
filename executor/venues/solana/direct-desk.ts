import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { ErrorCode } from "@raptor/shared/errors/codes.ts";
import { isRaptorError, RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { spotPriceE9 } from "../../pools/direct-pool.ts";
import type { Metrics } from "../../ports/metrics.ts";
import type { Signer } from "../../ports/signer.ts";
import type { AttemptRow } from "@raptor/shared/domain/rows.ts";
import type { AttemptReport, Route, RouteRequest, Venue } from "../../ports/venue.ts";
import type { SolanaConnection } from "./connection.ts";
import { createDirectRoute } from "./direct-route.ts";
import type { LandingDesk } from "./landing-desk.ts";
import { NonceBook } from "./nonce-book.ts";
import { PoolCanary, PROGRAM_NAMES } from "./pool-canary.ts";
import { type DirectDeps, prepareDirect } from "./prepare-direct.ts";
import { type PoolStates, ReadyDesk } from "./ready-desk.ts";
import { rehearseExits } from "./rehearsal.ts";
import { checkRoutePrice, encodePriceCheck, isWorthSelling } from "./route-price.ts";
import { TemplateShelf } from "./template-shelf.ts";
import { UnitsMemory } from "./units-memory.ts";
import type { WalletAccounts } from "./wallet-accounts.ts";

export interface DirectDeskDeps {
  clock: Clock;
  log: Log;
  metrics?: Metrics | undefined;
  signer: Signer;
  settings: {
    priorityFeeLamportsMax: bigint;
    /** How many exits are rehearsed after a start; none by default. */
    exitRehearsals?: number;
  };
  connection: SolanaConnection;
  landing: LandingDesk;
  walletAccounts: Pick<WalletAccounts, "expect">;
  alert?: (lines: readonly string[]) => void;
  /** Of a mint that was seen before; without asking anybody. */
  knownDecimals(mint: string): number | undefined;
}

/** Trades against pools themselves, as far as their state is at hand. */
export interface DirectDesk {
  /** Undefined where an aggregator has to be asked. */
  routeAtHand(request: RouteRequest): Route | undefined;
  /**
   * The same, or what `ask` finds elsewhere. Sells are always open.
   * @throws RAPTOR_VENUE__NO_ROUTE for a buy in a pool whose program refuses what we send, and
   * RAPTOR_VENUE__TOO_SMALL where the pool gives nothing for a trade and nobody else gives more,
   * RAPTOR_VENUE__UNAVAILABLE for a sell that nobody else takes while its pool cannot be seen.
   */
  routeOr(request: RouteRequest, ask: () => Promise<Route>): Promise<Route>;
  prepare: Venue["prepare"];
  ready: Pick<
    Venue,
    "keepReady" | "dropReady" | "warm" | "keepNonceReady" | "dropNonceReady" | "holdingAtHand"
  >;
  /** Passes a report on; where an attempt has ended, its nonce's value is read anew. */
  note(attempt: AttemptRow, asked: Promise<AttemptReport>): Promise<AttemptReport>;
  /** The price that its pool shows now; undefined when nothing fresh is known. */
  priceAtHand(mint: string, decimals: number): bigint | undefined;
  health(): { name: string; ok: boolean; detail: string };
  start(): void;
  stop(): Promise<void>;
}

export function createDirectDesk(deps: DirectDeskDeps): DirectDesk {
  const { clock, log, signer, settings, connection, landing } = deps;
  const { priorityFeeLamportsMax: feeLamportsMax, exitRehearsals: count = 0 } = settings;
  const { rpc, warm, pools } = connection;
  const nonces = new NonceBook({ rpc, clock, warm });
  const templates = new TemplateShelf();
  const tipsOf = (side: "buy" | "sell"): number => landing.plan(side, 1).landing.tips.length;
  const tipCounts = { buy: tipsOf("buy"), sell: tipsOf("sell") };
  const planLanding = landing.plan.bind(landing);
  const rehearsal = { clock, log, signer, feeLamportsMax, templates, planLanding };
  const desk = new ReadyDesk({
    clock,
    pools,
    warm,
    nonces,
    templates,
    tipCounts,
    rehearse: (state, signal) => rehearseExits({ ...rehearsal, count }, state, signal),
  });
  const canary = new PoolCanary({
    ...deps,
    rpc,
    holdings: () => desk.holdings(),
    poolOf: (mint) => desk.poolOf(mint),
    lamportsOf: (wallet) => warm.lamportsOf(wallet),
  });
  const prepareDeps: DirectDeps = {
    rpc,
    signer,
    log,
    feeLamportsMax,
    blockhashes: landing.blockhashes,
    nonces,
    fees: landing.fees,
    units: new UnitsMemory(),
    warm,
    templates,
    walletAccounts: deps.walletAccounts,
    planLanding,
    onSimulationFailed: (kind) => canary.suspect(kind),
  };
  const parts = { deps, pools, desk, canary };
  return {
    routeAtHand(request) {
      const state = desk.poolOf(request.mint);
      // Whoever has time waits until it is believed.
      if (state !== undefined && desk.isDoubted(request, state)) return undefined;
      return ownRoute(parts, request);
    },
    async routeOr(request, ask) {
      checkOpen(pools, canary, request);
      await desk.untilBelieved(request);
      return ownRoute(parts, request) ?? askElsewhere(parts, request, ask);
    },
    prepare: (order, wallet, wrapped, route, n, lifetime) =>
      prepareDirect(prepareDeps, order, wallet, wrapped, route, n, lifetime),
    ready: {
      keepReady: (holding) => desk.keep(holding),
      dropReady: (holding) => desk.drop(holding),
      warm: (holding) => desk.warm(holding),
      keepNonceReady: (wallet, account) => nonces.keep(wallet, account),
      dropNonceReady: (account) => nonces.drop(account),
      holdingAtHand: (wallet, mint) => desk.holdingAtHand(wallet, mint),
    },
    note: (attempt, asked) => noteEnd(nonces, attempt, asked),
    priceAtHand: (mint, decimals) => priceAtHand(desk, mint, decimals),
    health: () => canary.health(),
    ...createLife(desk, canary),
  };
}

interface Parts {
  deps: Pick<DirectDeskDeps, "knownDecimals">;
  pools: PoolStates;
  desk: ReadyDesk;
  canary: PoolCanary;
}

/**
 * A buy must be held against the price that it was ordered at; where there is none, the aggregator's
 * way with its list of prices is the safer one. A sell has its state from the price that fired it.
 */
function ownRoute({ deps, desk, canary }: Parts, request: RouteRequest): Route | undefined {
  if (request.avoidsDirect === true) return undefined;
  const state = desk.poolOf(request.mint);
  if (state === undefined || canary.brokenReason(state.pool.kind) !== undefined) return undefined;
  try {
    const route = createDirectRoute(request, state);
    const { priceCheck, side, mint } = request;
    if (priceCheck === undefined) return route;
    if (side === "sell") {
      if (!isWorthSelling(route, state.pool, priceCheck)) return undefined;
      const { deviationBpsMax } = priceCheck;
      return { ...route, evidence: { ...route.evidence, poolCheck: { deviationBpsMax } } };
    }
    const decimals = deps.knownDecimals(mint);
    if (decimals === undefined || priceCheck.expectedPriceE9 === null) return undefined;
    const checked = { ...request, priceCheck };
    const priceDoubt = checkRoutePrice(checked, route, decimals, undefined);
    const encoded = encodePriceCheck(priceCheck, decimals, undefined);
    const told = { ...route, evidence: { ...route.evidence, priceCheck: encoded } };
    return priceDoubt === undefined ? told : { ...told, priceDoubt };
  } catch (error) {
    // Too small for this pool: whether it is for every other one too, the aggregator knows.
    if (!isRaptorError(error, "RAPTOR_VENUE__NO_ROUTE") && !isTooSmall(error)) throw error;
    return undefined;
  }
}

function priceAtHand(desk: ReadyDesk, mint: string, decimals: number): bigint | undefined {
  const state = desk.poolOf(mint);
  return state === undefined ? undefined : spotPriceE9(state.pool, decimals);
}

function isTooSmall(error: unknown): error is RaptorError {
  return isRaptorError(error, "RAPTOR_VENUE__TOO_SMALL");
}

/** Nobody else takes it, or could be asked. */
const ELSEWHERE_CODES: readonly ErrorCode[] = [
  "RAPTOR_VENUE__NO_ROUTE",
  "RAPTOR_VENUE__UNAVAILABLE",
  "RAPTOR_VENUE__RATE_LIMITED",
  "RAPTOR_VENUE__BAD_ANSWER",
];

/**
 * "No route" has many reasons; where the token's own pool gives nothing, that is the reason. A sell
 * that avoids its pool goes there after all where nobody else takes it, and one whose pool cannot
 * be seen right now has not been asked everywhere.
 */
async function askElsewhere(
  parts: Parts,
  request: RouteRequest,
  ask: () => Promise<Route>,
): Promise<Route> {
  try {
    return await ask();
  } catch (error) {
    if (!isRaptorError(error) || !ELSEWHERE_CODES.includes(error.code)) throw error;
    if (request.avoidsDirect === true) {
      const direct = { ...request, avoidsDirect: false };
      await parts.desk.untilBelieved(direct);
      const own = ownRoute(parts, direct);
      if (own !== undefined) return own;
    }
    if (error.code !== "RAPTOR_VENUE__NO_ROUTE") throw error;
    const state = parts.pools.stateOf(request.mint);
    if (state === undefined) throw error;
    try {
      createDirectRoute(request, state);
    } catch (pool) {
      if (isTooSmall(pool) && state.isFresh) throw pool;
      throw error;
    }
    // It would take the tokens by what was seen of it last: that is no dead end.
    if (request.side === "buy" || state.isFresh) throw error;
    const reason = "no service knows a route, and the token's pool cannot be seen right now";
    throw new RaptorError("RAPTOR_VENUE__UNAVAILABLE", { reason }, { cause: error });
  }
}

function createLife(desk: ReadyDesk, canary: PoolCanary): Pick<DirectDesk, "start" | "stop"> {
  return {
    start() {
      desk.start();
      canary.start();
    },
    async stop() {
      await Promise.all([canary.stop(), desk.stop()]);
    },
  };
}

async function noteEnd(
  nonces: NonceBook,
  { bound }: AttemptRow,
  asked: Promise<AttemptReport>,
): Promise<AttemptReport> {
  const report = await asked;
  const isOver = report.state !== "pending" && report.state !== "seen";
  if (isOver && bound.kind === "nonce") nonces.forget(bound.account, bound.value);
  return report;
}

function checkOpen(pools: PoolStates, canary: PoolCanary, { side, mint }: RouteRequest): void {
  const kind = side === "buy" ? pools.stateOf(mint)?.pool.kind : undefined;
  const cause = kind === undefined ? undefined : canary.brokenReason(kind);
  if (kind === undefined || cause === undefined) return;
  const name = PROGRAM_NAMES[kind];
  const reason =
    `${name} fails even a small test (${cause}), so buys in its pools are off. Nothing was ` +
    "sent and no SOL left the wallet; sells and exits work, through the aggregator. Buys open " +
    "again by themselves when a test passes, it is repeated every minute";
  throw new RaptorError("RAPTOR_VENUE__NO_ROUTE", { reason, mint });
}
