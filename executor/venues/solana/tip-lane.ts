import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Net } from "@raptor/shared/seams/net.ts";
import { z } from "zod";
import type { Landing, Lane, LaneAnswer } from "./lane.ts";
import { judgeSend } from "./lane-verdict.ts";
import { signatureAnswer } from "./rpc-answers.ts";
import { RpcProvider } from "./rpc-provider.ts";
import { TIP_LAMPORTS_MIN, type TipTaker } from "./tip-accounts.ts";
import { TokenBucket } from "./token-bucket.ts";

/** A service that lands transactions for a tip, as it is configured. */
export interface TipService {
  taker: TipTaker;
  urls: readonly string[];
  requestsPerSecond: number;
  /** Of a first try. */
  tipLamports: bigint;
  key: string | undefined;
  /** Jito only: as a bundle of one, also where no protection is wanted. */
  sendsBundles: boolean;
}

export interface TipLaneDeps {
  net: Net;
  clock: Clock;
  prng: Prng;
  timeoutMs: number;
}

/** Where the bytes go, by what is asked of the lane. */
interface Route {
  provider: RpcProvider;
  send(payload: string, identity: string): Promise<LaneAnswer>;
}

/** A lane that is slower than this is of no use for this try; plain RPC has its own limit. */
const TIMEOUT_MS_MAX = 2_000;
/** From here on Sender also takes part in auctions; below, only its staked connections are paid. */
const SENDER_MAX_LAMPORTS = 1_000_000n;
/** Jupiter's words for: tip too low, tip missing, bad parameter, wrong encoding. */
const JUPITER_TURNED_AWAY: ReadonlySet<number> = new Set([-1_013, -1_014, -1_015, -1_016]);
const NOTHING: ReadonlySet<number> = new Set();
const bundleId = z.string().min(16).max(128);

export const PROTECTED_TAKERS: readonly TipTaker[] = ["jito", "helius"];

/** One lane per address; lanes of one service share the tip and not the limit. */
export function createTipLanes(deps: TipLaneDeps, service: TipService): Lane[] {
  return service.urls.map((url, at) => {
    const { host } = new URL(url);
    const number = service.urls.slice(0, at).filter((one) => new URL(one).host === host).length;
    const name = `${service.taker} ${host}${number === 0 ? "" : `#${number + 1}`}`;
    return createTipLane(deps, service, name, url);
  });
}

function createTipLane(deps: TipLaneDeps, service: TipService, name: string, url: string): Lane {
  const { taker } = service;
  const bucket = new TokenBucket(deps.clock, service.requestsPerSecond);
  const { routes, choose } = routesOf(deps, service, name, url);
  return {
    name,
    taker,
    isProtected: PROTECTED_TAKERS.includes(taker),
    check(landing) {
      if (landing.isProtected && !PROTECTED_TAKERS.includes(taker)) return "the order is protected";
      const tip = landing.tips.find((one) => one.taker === taker);
      if (tip === undefined) return "the transaction carries no tip for it";
      const least = TIP_LAMPORTS_MIN[taker];
      return tip.lamports < least ? `its tip of ${tip.lamports} is below ${least}` : undefined;
    },
    hold(isRepeat) {
      if (routes.some(({ provider }) => provider.breaker.state() === "open")) return "it rests";
      return bucket.take(isRepeat ? 1 : 0) ? undefined : "its limit of calls is reached";
    },
    send: (payload, identity, landing) => choose(landing).send(payload, identity),
  };
}

function routesOf(
  deps: TipLaneDeps,
  service: TipService,
  name: string,
  url: string,
): { routes: Route[]; choose: (landing: Landing) => Route } {
  switch (service.taker) {
    case "jito":
      return jitoRoutes(deps, service, name, url);
    case "helius":
      return senderRoutes(deps, name, url);
    case "jupiter": {
      const headers = service.key === undefined ? {} : { "x-api-key": service.key };
      const provider = createProvider(deps, name, url, headers);
      const route = sendTransaction(provider, { encoding: "base64" }, JUPITER_TURNED_AWAY);
      return { routes: [route], choose: () => route };
    }
  }
}

function jitoRoutes(deps: TipLaneDeps, service: TipService, name: string, url: string) {
  const base = url.replace(/\/+$/, "");
  const headers = service.key === undefined ? {} : { "x-jito-auth": service.key };
  const at = (path: string): RpcProvider => createProvider(deps, name, base + path, headers);
  const options = { encoding: "base64" };
  const bundle = sendBundle(at("/api/v1/bundles"));
  const open = sendTransaction(at("/api/v1/transactions"), options, NOTHING);
  // As a bundle it is dropped when it would fail, and never shown outside the auction.
  const only = sendTransaction(at("/api/v1/transactions?bundleOnly=true"), options, NOTHING);
  const choose = ({ isProtected }: Landing): Route => {
    if (service.sendsBundles) return bundle;
    return isProtected ? only : open;
  };
  return { routes: [bundle, open, only], choose };
}

function senderRoutes(deps: TipLaneDeps, name: string, url: string) {
  const options = { encoding: "base64", skipPreflight: true, maxRetries: 0 };
  const staked = new URL(url);
  staked.searchParams.set("swqos_only", "true");
  const full = sendTransaction(createProvider(deps, name, url, {}), options, NOTHING);
  const only = sendTransaction(createProvider(deps, name, staked.href, {}), options, NOTHING);
  const choose = ({ tips }: Landing): Route => {
    const tip = tips.find(({ taker }) => taker === "helius");
    return tip !== undefined && tip.lamports >= SENDER_MAX_LAMPORTS ? full : only;
  };
  return { routes: [full, only], choose };
}

function createProvider(
  { net, clock, prng, timeoutMs }: TipLaneDeps,
  name: string,
  url: string,
  headers: Readonly<Record<string, string>>,
): RpcProvider {
  const limit = Math.min(timeoutMs, TIMEOUT_MS_MAX);
  return new RpcProvider(net, clock, prng, { name, url, headers, timeoutMs: limit });
}

function sendTransaction(
  provider: RpcProvider,
  options: Readonly<Record<string, unknown>>,
  turnedAway: ReadonlySet<number>,
): Route {
  return {
    provider,
    async send(payload, identity) {
      const result = await provider.call("sendTransaction", [payload, options], signatureAnswer);
      return judgeSend(result, identity, turnedAway);
    },
  };
}

/** Answers with a name of its own for the bundle, so that the signature cannot be compared. */
function sendBundle(provider: RpcProvider): Route {
  return {
    provider,
    async send(payload, identity) {
      const params = [[payload], { encoding: "base64" }];
      const result = await provider.call("sendBundle", params, bundleId);
      if (!result.ok) return judgeSend(result, identity);
      return { word: "accepted", detail: `bundle ${result.value}`, isLimited: false };
    },
  };
}
