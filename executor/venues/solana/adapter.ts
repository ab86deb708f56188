import type { EffectBound } from "@raptor/shared/domain/events.ts";
import type { AttemptRow } from "@raptor/shared/domain/rows.ts";
import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { Net } from "@raptor/shared/seams/net.ts";
import type { Metrics } from "../../ports/metrics.ts";
import type { Signer } from "../../ports/signer.ts";
import type { Venue } from "../../ports/venue.ts";
import { prepareSwap } from "./build-swap.ts";
import { createDirectDesk, type DirectDesk } from "./direct-desk.ts";
import { DirectRoute } from "./direct-route.ts";
import { fetchAttemptReport, fetchSettlementReport } from "./fetch-attempt.ts";
import { fetchNonces } from "./fetch-nonces.ts";
import { fetchInstrumentReport } from "./instrument-report.ts";
import type { Jupiter } from "./jupiter.ts";
import { LandingDesk, type LandingSettings } from "./landing-desk.ts";
import { MintMemory } from "./mint-memory.ts";
import { deriveTokenAccount } from "./programs.ts";
import { fetchRoute } from "./fetch-route.ts";
import { deriveNonceAddress, NONCE_RENT_LAMPORTS } from "./nonce-account.ts";
import { createNonces, reclaimNonce } from "./nonce-setup.ts";
import { withPoolHints } from "./pool-hints.ts";
import { prepareVoid } from "./prepare-void.ts";
import { createSolanaConnection, STREAM_DEFAULTS, type SolanaConnection } from "./connection.ts";
import { ReportMemory } from "./report-memory.ts";
import type { RpcSocket } from "./rpc-socket.ts";
import type { Rpc } from "./rpc.ts";
import { SpenderLooks } from "./spender-looks.ts";
import { createSlotWait } from "./slot-wait.ts";
import { submitSwap } from "./submit-swap.ts";
import { WalletAccounts } from "./wallet-accounts.ts";
import { fetchHistory, fetchMoves } from "./wallet-history.ts";
import { fetchWalletReport, fetchWalletViews } from "./wallet-report.ts";
import { watchWallet } from "./watch-wallet.ts";

export interface SolanaVenueSettings {
  /** One entry per provider: SOLANA_RPC_URLS and SOLANA_WS_URLS side by side. */
  providers: readonly { url: string; wsUrl: string }[];
  httpTimeoutMs: number;
  /** Most lamports of priority fee per transaction. */
  priorityFeeLamportsMax: bigint;
  /** A Token-2022 transfer fee above this is a reason to refuse a token. */
  transferFeeBpsMax: number;
  landing: LandingSettings;
  /** Exits that are signed and thrown away after a start, so that the real ones are quick. */
  exitRehearsals?: number;
}

export interface SolanaVenueDeps {
  net: Net;
  clock: Clock;
  prng: Prng;
  log: Log;
  signer: Signer;
  /** Shared with the price feed: one client, one rate limit. */
  jupiter: Jupiter;
  /** Shared with the price feed too; the venue starts and stops it. Absent: one of its own. */
  connection?: SolanaConnection;
  settings: SolanaVenueSettings;
  metrics?: Metrics | undefined;
  /** What operators have to know, once for each change; the first line says it all. */
  alert?: (lines: readonly string[]) => void;
}

const VENUE_ID = "SOLANA";
/** Exits are armed after this wait at the latest, whatever the nodes do. */
const CHAIN_CHECK_MS_MAX = 1_000;
/** Slots of 400 ms, of which some are skipped: what a block takes on average. */
const SECONDS_PER_BLOCK = 0.43;

/** Solana spot over Jupiter's routes, landed through our own RPC nodes. */
export function createSolanaVenue(deps: SolanaVenueDeps): Venue {
  const { log, signer, settings } = deps;
  const connection = deps.connection ?? createOwnConnection(deps);
  const jupiter = withPoolHints(deps.jupiter, connection.pools);
  const { rpc, sockets } = connection;
  const waitForSlot = createSlotWait(rpc, sockets, deps.clock);
  const landing = createLanding(deps, rpc, sockets);
  const memory = { rpc, log, waitForSlot, spenderLooks: new SpenderLooks(deps.clock) };
  const mints = new MintMemory(rpc);
  const reports = new ReportMemory(deps.clock);
  const instrumentDeps = { ...deps, jupiter, rpc, transferFeeBpsMax: settings.transferFeeBpsMax };
  const routeDeps = {
    ...deps,
    jupiter,
    readDecimals: async (mint: string) => (await mints.read(mint)).decimals,
  };
  const walletAccounts = new WalletAccounts(rpc);
  const builderDeps = {
    rpc,
    signer,
    log,
    walletAccounts,
    blockhashes: landing.blockhashes,
    priorityFeeLamportsMax: settings.priorityFeeLamportsMax,
    fees: landing.fees,
    planLanding: landing.plan.bind(landing),
    fetchTokenProgram: async (mint: string) => (await mints.read(mint)).tokenProgram,
  };
  const knownDecimals = (mint: string): number | undefined => mints.known(mint)?.decimals;
  const direct = createDirectDesk({ ...deps, connection, landing, walletAccounts, knownDecimals });
  const stopping = new AbortController();
  const setupDeps = { ...builderDeps, clock: deps.clock, stopped: stopping.signal };

  return {
    id: VENUE_ID,
    capabilities: { dedupe: "forever", canRebroadcast: true },
    async fetchInstrument(mint) {
      const report = await fetchInstrumentReport(instrumentDeps, mint);
      mints.remember(mint, report);
      return reports.remember(report);
    },
    instrumentAtHand: (mint) => reports.at(mint, (decimals) => direct.priceAtHand(mint, decimals)),
    ...direct.ready,
    routeAtHand: (request) => direct.routeAtHand(request),
    fetchRoute: (request) => direct.routeOr(request, () => fetchRoute(routeDeps, request)),
    ...createWalletReads(connection),
    prepare: (order, wallet, wrapped, route, n, lifetime) =>
      route.handle instanceof DirectRoute
        ? direct.prepare(order, wallet, wrapped, route, n, lifetime)
        : prepareSwap(builderDeps, order, wallet, wrapped, route, n, lifetime),
    prepareVoid: (order, wallet, wrapped, nonce, copies) =>
      prepareVoid(builderDeps, order, wallet, wrapped, nonce, copies),
    nonceAddress: deriveNonceAddress,
    fetchNonces: (wallet, count) => fetchNonces(rpc, wallet, count),
    nonceRentLamports: NONCE_RENT_LAMPORTS,
    createNonces: (wallet, wrapped, indexes) => createNonces(setupDeps, wallet, wrapped, indexes),
    reclaimNonce: (wallet, wrapped, index) => reclaimNonce(setupDeps, wallet, wrapped, index),
    submit: (attempt) => submitSwap(landing.lanes, attempt),
    fetchAttempt: (attempt) =>
      direct.note(attempt, landing.follow(attempt, fetchAttemptReport(memory, attempt))),
    watchAttempt: (attempt, onNews) => watchAttempt(sockets, attempt, onNews),
    fetchSettlement: (...landing) => fetchSettlementReport(rpc, ...landing),
    explorerUrl: (identity) => `https://solscan.io/tx/${identity}`,
    health: () => [rpc, connection, landing, direct, jupiter].flatMap((part) => part.health()),
    boundSecondsLeft: (bound) => secondsLeft(rpc, bound),
    ...createLife(deps, { connection, landing, direct, stopping }),
  };
}

function createWalletReads({
  rpc,
  sockets,
}: SolanaConnection): Pick<
  Venue,
  | "fetchWallet"
  | "fetchWalletViews"
  | "fetchHistory"
  | "fetchMoves"
  | "tokenAddress"
  | "watchWallet"
> {
  return {
    fetchWallet: (address) => fetchWalletReport(rpc, address),
    fetchWalletViews: (address) => fetchWalletViews(rpc, address),
    fetchHistory: (address, since) => fetchHistory(rpc, address, since),
    fetchMoves: (wallet, identities) => fetchMoves(rpc, wallet, identities),
    tokenAddress: (wallet, token) => deriveTokenAccount(wallet, token.mint, token.tokenProgram),
    watchWallet: (address, onChange) => watchWallet(sockets, address, onChange),
  };
}

function createOwnConnection(deps: SolanaVenueDeps): SolanaConnection {
  return createSolanaConnection({
    ...deps,
    settings: { ...deps.settings, streams: STREAM_DEFAULTS },
  });
}

interface LivingParts {
  connection: SolanaConnection;
  landing: LandingDesk;
  direct: DirectDesk;
  stopping: AbortController;
}

function createLife(
  deps: SolanaVenueDeps,
  { connection, landing, direct, stopping }: LivingParts,
): Pick<Venue, "start" | "stop"> {
  return {
    async start() {
      connection.start();
      landing.start();
      direct.start();
      await confirmChain(connection.rpc, deps);
    },
    async stop() {
      stopping.abort();
      connection.stop();
      await Promise.all([landing.stop(), direct.stop()]);
    },
  };
}

function createLanding(
  deps: SolanaVenueDeps,
  rpc: Rpc,
  sockets: readonly RpcSocket[],
): LandingDesk {
  const { httpTimeoutMs, priorityFeeLamportsMax: feeLamportsMax, landing } = deps.settings;
  const slotNow = (): number | undefined => newestSlotOf(sockets);
  return new LandingDesk({
    ...deps,
    rpc,
    nodeUrls: deps.settings.providers.map(({ url }) => url),
    slotNow,
    httpTimeoutMs,
    feeLamportsMax,
    settings: landing,
  });
}

/** The furthest slot that any node's stream has told of. */
function newestSlotOf(sockets: readonly RpcSocket[]): number | undefined {
  const behind = sockets.flatMap((socket) => socket.slotsUntil(Number.MAX_SAFE_INTEGER) ?? []);
  return behind.length === 0 ? undefined : Number.MAX_SAFE_INTEGER - Math.min(...behind);
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

/** Until the node that is furthest behind has finalized the bound; a nonce has no such moment. */
function secondsLeft(rpc: Rpc, bound: EffectBound): number | null {
  if (bound.kind === "nonce") return null;
  const heights = rpc.providers.map((provider) => provider.finalizedHeight());
  const lowest = Math.min(...heights);
  if (lowest === 0) return null;
  return Math.ceil(Math.max(0, bound.lastValidBlockHeight + 1 - lowest) * SECONDS_PER_BLOCK);
}
