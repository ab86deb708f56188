import type { EffectBound } from "@raptor/shared/domain/events.ts";
import type { AttemptRow } from "@raptor/shared/domain/rows.ts";
import { isRaptorError, RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { Net } from "@raptor/shared/seams/net.ts";
import type { Signer } from "../../ports/signer.ts";
import type { Route, RouteRequest, Venue } from "../../ports/venue.ts";
import { prepareSwap } from "./build-swap.ts";
import { fetchAttemptReport, fetchSettlementReport } from "./fetch-attempt.ts";
import { fetchInstrumentReport, fetchMint } from "./instrument-report.ts";
import type { Jupiter, SwapQuestion } from "./jupiter.ts";
import { isUsableOrder } from "./order-transaction.ts";
import { RpcSocket } from "./rpc-socket.ts";
import { providerNames, Rpc } from "./rpc.ts";
import { createSlotWait } from "./slot-wait.ts";
import { submitSwap } from "./submit-swap.ts";
import { createRoute, inputMintOf, outputMintOf } from "./swap-route.ts";
import { WalletAccounts } from "./wallet-accounts.ts";
import { fetchWalletReport, fetchWalletViews } from "./wallet-report.ts";

export interface SolanaVenueSettings {
  /** One entry per provider: SOLANA_RPC_URLS and SOLANA_WS_URLS side by side. */
  providers: readonly { url: string; wsUrl: string }[];
  httpTimeoutMs: number;
  /** Most lamports of priority fee per transaction. */
  priorityFeeLamportsMax: bigint;
  /** A Token-2022 transfer fee above this is a reason to refuse a token. */
  transferFeeBpsMax: number;
}

export interface SolanaVenueDeps {
  net: Net;
  clock: Clock;
  prng: Prng;
  log: Log;
  signer: Signer;
  /** Shared with the price feed: one client, one rate limit. */
  jupiter: Jupiter;
  settings: SolanaVenueSettings;
}

const VENUE_ID = "SOLANA";
/** Exits are armed after this wait at the latest, whatever the nodes do. */
const CHAIN_CHECK_MS_MAX = 1_000;
/** Slots of 400 ms, of which some are skipped: what a block takes on average. */
const SECONDS_PER_BLOCK = 0.43;
/** Programs of mints never change; this bounds the memory of what pasted addresses were. */
const MINTS_REMEMBERED_MAX = 10_000;

/** Solana spot over Jupiter's routes, landed through our own RPC nodes. */
export function createSolanaVenue(deps: SolanaVenueDeps): Venue {
  const { jupiter, log, signer, settings } = deps;
  const rpc = createRpc(deps);
  const sockets = createSockets(deps);
  const waitForSlot = createSlotWait(rpc, sockets, deps.clock);
  const tokenPrograms = new Map<string, string>();
  const instrumentDeps = { ...deps, rpc, transferFeeBpsMax: settings.transferFeeBpsMax };

  function rememberProgram(mint: string, program: string): string {
    if (tokenPrograms.size >= MINTS_REMEMBERED_MAX) tokenPrograms.clear();
    tokenPrograms.set(mint, program);
    return program;
  }
  const builderDeps = {
    rpc,
    signer,
    log,
    walletAccounts: new WalletAccounts(rpc),
    priorityFeeLamportsMax: settings.priorityFeeLamportsMax,
    fetchTokenProgram: async (mint: string) =>
      tokenPrograms.get(mint) ?? rememberProgram(mint, (await fetchMint(rpc, mint)).tokenProgram),
  };

  return {
    id: VENUE_ID,
    capabilities: { dedupe: "forever", canRebroadcast: true },
    async fetchInstrument(mint) {
      const report = await fetchInstrumentReport(instrumentDeps, mint);
      rememberProgram(mint, report.tokenProgram);
      return report;
    },
    fetchRoute: (request) => fetchRoute(jupiter, request),
    fetchWallet: (address) => fetchWalletReport(rpc, address),
    fetchWalletViews: (address) => fetchWalletViews(rpc, address),
    prepare: (order, wallet, wrapped, route) =>
      prepareSwap(builderDeps, order, wallet, wrapped, route),
    submit: (attempt) => submitSwap(rpc, attempt),
    fetchAttempt: (attempt) => fetchAttemptReport({ rpc, log, waitForSlot }, attempt),
    watchAttempt: (attempt, onNews) => watchAttempt(sockets, attempt, onNews),
    fetchSettlement: (identity, bound) => fetchSettlementReport(rpc, identity, bound),
    explorerUrl: (identity) => `https://solscan.io/tx/${identity}`,
    health: () => [...rpc.health(), ...sockets.map((socket) => socket.health()), jupiter.health()],
    boundSecondsLeft: (bound) => secondsLeft(rpc, bound),
    async start() {
      for (const socket of sockets) socket.start();
      await confirmChain(rpc, deps);
    },
    async stop() {
      for (const socket of sockets) socket.stop();
    },
  };
}

function createRpc(deps: SolanaVenueDeps): Rpc {
  const { net, clock, prng, log, settings } = deps;
  const urls = settings.providers.map(({ url }) => url);
  return new Rpc({ net, clock, prng, log, settings: { urls, timeoutMs: settings.httpTimeoutMs } });
}

function createSockets(deps: SolanaVenueDeps): RpcSocket[] {
  const { net, clock, prng, log, settings } = deps;
  const urls = settings.providers.map(({ wsUrl }) => wsUrl);
  const names = providerNames(urls);
  return urls.map(
    (url, index) => new RpcSocket({ net, clock, prng, log, name: names[index] ?? "", url }),
  );
}

/** @throws RAPTOR_VENUE__BAD_ANSWER when nodes of different chains answer in time. */
async function confirmChain(rpc: Rpc, { clock, log }: SolanaVenueDeps): Promise<void> {
  const abort = new AbortController();
  const check = rpc.checkChain().finally(() => abort.abort());
  // A late answer finds nobody waiting; the node is then left out, and health and log say so.
  check.catch((error: unknown) => {
    log.error({ cause: String(error) }, "the RPC nodes do not belong together");
  });
  await Promise.race([check, clock.sleep(CHAIN_CHECK_MS_MAX, abort.signal)]);
}

async function fetchRoute(jupiter: Jupiter, request: RouteRequest): Promise<Route> {
  const question: SwapQuestion = {
    wallet: request.wallet,
    inputMint: inputMintOf(request),
    outputMint: outputMintOf(request),
    quantityIn: request.quantityIn,
    slippageBps: request.slippageBps,
  };
  try {
    return createRoute(request, await jupiter.fetchBuild(question));
  } catch (error) {
    if (!isRaptorError(error, "RAPTOR_VENUE__NO_ROUTE")) throw error;
    throw await explainNoRoute(jupiter, question, error);
  }
}

/**
 * `/build` knows fewer routers than `/order`. A ready-made order is never signed: its blockhash,
 * bound, set-up and lookup tables are not ours, and its router takes a fee inside the swap. It is
 * only asked for so that the person learns why nothing was done.
 */
async function explainNoRoute(
  jupiter: Jupiter,
  question: SwapQuestion,
  error: RaptorError,
): Promise<RaptorError> {
  try {
    const order = await jupiter.fetchOrder(question);
    if (!order.transaction) return error;
    const verdict = isUsableOrder(order.transaction, question.wallet);
    const reason = verdict.usable
      ? "only a ready-made order is offered, and we sign only what we built"
      : `only a ready-made order is offered, and it was declined: ${verdict.reason}`;
    const context = { reason, router: order.router ?? "not named" };
    return new RaptorError("RAPTOR_VENUE__NO_ROUTE", context, { cause: error });
  } catch (secondError) {
    if (isRaptorError(secondError)) return error;
    throw secondError;
  }
}

function watchAttempt(
  sockets: readonly RpcSocket[],
  attempt: AttemptRow,
  onNews: () => void,
): () => void {
  const unsubscribes = sockets.map((socket) =>
    socket.subscribe({
      method: "signatureSubscribe",
      params: [attempt.identity, { commitment: "confirmed" }],
      isOnce: true,
      onValue: onNews,
      onGap: onNews,
    }),
  );
  return () => {
    for (const unsubscribe of unsubscribes) unsubscribe();
  };
}

/** Until the node that is furthest behind has finalized the bound. */
function secondsLeft(rpc: Rpc, bound: EffectBound): number | null {
  const heights = rpc.providers.map((provider) => provider.finalizedHeight());
  const lowest = Math.min(...heights);
  if (lowest === 0) return null;
  return Math.ceil(Math.max(0, bound.lastValidBlockHeight + 1 - lowest) * SECONDS_PER_BLOCK);
}
