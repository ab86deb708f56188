import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { Net } from "@raptor/shared/seams/net.ts";
import type { Metrics } from "../../ports/metrics.ts";
import { type AccountStreams, createAccountStreams } from "./account-streams.ts";
import { createPoolBook, type PoolBook } from "./pool-book.ts";
import { RpcSocket } from "./rpc-socket.ts";
import { providerNames, Rpc } from "./rpc.ts";
import { createWarmAccounts, type WarmAccounts } from "./warm-accounts.ts";

export interface ConnectionSettings {
  /** One entry per provider: SOLANA_RPC_URLS and SOLANA_WS_URLS side by side. */
  providers: readonly { url: string; wsUrl: string }[];
  httpTimeoutMs: number;
  streams: {
    /** Connections that each provider carries. */
    socketsPerProvider: number;
    /** Subscriptions that one connection carries. */
    subscriptionsMax: number;
    staleMs: number;
    /** How many slots a node may lag behind another one. */
    lagSlotsMax: number;
    verifyMs: number;
  };
}

/** What suits a desk of one person on a free plan; the settings of the executor are the same. */
export const STREAM_DEFAULTS: ConnectionSettings["streams"] = {
  socketsPerProvider: 1,
  subscriptionsMax: 5_000,
  staleMs: 2_500,
  lagSlotsMax: 20,
  verifyMs: 5_000,
};

export interface ConnectionDeps {
  net: Net;
  clock: Clock;
  prng: Prng;
  log: Log;
  metrics?: Metrics | undefined;
  settings: ConnectionSettings;
}

/** Everything that is asked of nodes and told by them, once for all who want to know. */
export interface SolanaConnection {
  rpc: Rpc;
  /** The first connection of each provider, in the order of `rpc.providers`. */
  sockets: readonly RpcSocket[];
  streams: AccountStreams;
  pools: PoolBook;
  warm: WarmAccounts;
  health(): { name: string; ok: boolean; detail: string }[];
  start(): void;
  stop(): void;
}

export function createSolanaConnection(deps: ConnectionDeps): SolanaConnection {
  const { net, clock, prng, log, metrics, settings } = deps;
  const urls = settings.providers.map(({ url }) => url);
  const timeoutMs = settings.httpTimeoutMs;
  const rpc = new Rpc({ net, clock, prng, log, settings: { urls, timeoutMs } });
  const sockets = createSockets(deps);
  const mains = sockets.flatMap(([first]) => (first === undefined ? [] : [first]));
  const streams = createAccountStreams({
    clock,
    log,
    metrics,
    rpc,
    sockets,
    settings: settings.streams,
  });
  const pools = createPoolBook({ rpc, streams, clock, log });
  const all = sockets.flat();
  return {
    rpc,
    sockets: mains,
    streams,
    pools,
    warm: createWarmAccounts(streams),
    health: () => [...all.map((socket) => socket.health()), streams.health(), pools.health()],
    start() {
      for (const socket of all) socket.start();
      streams.start();
    },
    stop() {
      pools.stop();
      streams.stop();
      for (const socket of all) socket.stop();
    },
  };
}

function createSockets({ net, clock, prng, log, settings }: ConnectionDeps): RpcSocket[][] {
  const { socketsPerProvider, subscriptionsMax } = settings.streams;
  const urls = settings.providers.map(({ wsUrl }) => wsUrl);
  const names = providerNames(urls);
  return urls.map((url, index) =>
    Array.from({ length: socketsPerProvider }, (_, n) => {
      const name = `${names[index] ?? ""}${n === 0 ? "" : ` (${n + 1})`}`;
      return new RpcSocket({ net, clock, prng, log, name, url, subscriptionsMax });
    }),
  );
}
