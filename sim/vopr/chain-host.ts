import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { NetRequest, NetResponse } from "@raptor/shared/seams/net.ts";
import type { NetSocket, NetSocketHandlers } from "@raptor/shared/seams/net.ts";
import type { ChainAccount } from "../models/account-history.ts";
import { LedgerChain, type LedgerRecord } from "../models/ledger-chain.ts";
import { answerLedgerJupiter } from "../models/ledger-jupiter.ts";
import { LedgerMarket } from "../models/ledger-market.ts";
import { LedgerNode, RpcRefusal } from "../models/ledger-node.ts";
import { pooledTokens } from "../models/ledger-pool-world.ts";
import { LedgerPools } from "../models/ledger-pools.ts";
import { createMintAccount, LEDGER_TOKENS } from "../models/ledger-world.ts";
import { createPrng } from "../models/prng.ts";
import type { Commitment } from "../models/slots.ts";
import type { Network } from "./network.ts";
import { RPC_HOSTS } from "./settings.ts";
import type { Timer, World } from "./world.ts";

export interface ChainHost {
  chain: LedgerChain;
  market: LedgerMarket;
  nodes: LedgerNode[];
  /** Chance per signature that some, never all, nodes do not know it although it landed. */
  holes: { chance: number };
  sockets: SocketTempers & {
    breakAll(): void;
    /** Every subscription to an account tells at once what is new. */
    tellAccounts(): void;
  };
}

export interface SocketTempers {
  /** Chance that a new socket never says anything. */
  silentChance: number;
  /** Chance per frame that it comes twice, or after later ones. */
  noiseChance: number;
  /** Chance that a new subscription to an account is confirmed and tells nothing. */
  deadChance: number;
}

export interface ChainHostOptions {
  skipChance: number;
  /** Whether most tokens trade in pools of real programs; else all in ones that never run out. */
  hasPools: boolean;
  onLanded(record: LedgerRecord): void;
  onFault(name: string): void;
}

const SLOT_MS = 400;
/** Slots are told to subscribers now and then only: it is a sign of life, no data. */
const SLOT_NEWS_MS = 1_200;

/** The chain, three nodes over it and the route service. */
export function startChain(
  world: World,
  network: Network,
  prng: Prng,
  options: ChainHostOptions,
): ChainHost {
  const { skipChance, hasPools, onLanded, onFault } = options;
  const listed = hasPools ? [...LEDGER_TOKENS.slice(0, 1), ...pooledTokens()] : LEDGER_TOKENS;
  const market = new LedgerMarket(listed);
  const chain = new LedgerChain({ prng, nowMs: world.nowMs, market, skipChance, onLanded });
  if (hasPools) {
    market.pools = new LedgerPools(chain, () => BigInt(Math.floor(world.nowMs / 1_000)));
    market.pools.noteAll();
    market.pools.onMoved = () => onFault("pool/curve moved");
  }
  for (const { mint, decimals } of market.tokens()) {
    if (market.pools?.has(mint) !== true) chain.putAccount(mint, createMintAccount(decimals));
  }
  world.every(SLOT_MS, () => {
    chain.tick(world.nowMs);
    market.pools?.tick();
  });
  const holes = { chance: 0 };
  const blind = createHoles(createPrng(prng.nextInt(2 ** 32)), holes, onFault);
  const open = new Set<() => void>();
  const tells = new Set<() => void>();
  const sockets = {
    silentChance: 0,
    noiseChance: 0,
    deadChance: 0,
    breakAll: () => [...open].forEach((end) => end()),
    tellAccounts: () => [...tells].forEach((tell) => tell()),
  };
  const socketPrng = createPrng(prng.nextInt(2 ** 32));
  const nodes = RPC_HOSTS.map((host, index) => {
    const node = new LedgerNode(chain, createPrng(prng.nextInt(2 ** 32)), (signature) =>
      blind(signature, index),
    );
    network.serve(
      host,
      (request) => answerRpc(node, request),
      (handlers) => {
        const prng = socketPrng;
        return openSocket({ world, node, handlers, open, tells, prng, sockets, onFault });
      },
    );
    return node;
  });
  network.serve("jupiter.sim", (request) => {
    const { pathname, searchParams } = new URL(request.url);
    const { status, body } = answerLedgerJupiter(market, pathname, searchParams);
    return { status, headers: {}, body: JSON.stringify(body) };
  });
  return { chain, market, nodes, holes, sockets };
}

/** A signature is known to at least one node: no proof of absence survives a lie of all. */
function createHoles(
  prng: Prng,
  holes: { chance: number },
  onFault: (name: string) => void,
): (signature: string, node: number) => boolean {
  const blindOf = new Map<string, number>();
  return (signature, node) => {
    if (holes.chance === 0) return false;
    let mask = blindOf.get(signature);
    if (mask === undefined) {
      mask = 0;
      if (prng.nextFloat() < holes.chance) {
        onFault("rpc/signature hidden by some nodes");
        const seeing = prng.nextInt(RPC_HOSTS.length);
        RPC_HOSTS.forEach((_, at) => {
          if (at !== seeing && prng.nextFloat() < 0.7) mask = (mask ?? 0) | (1 << at);
        });
      }
      blindOf.set(signature, mask);
    }
    return (mask & (1 << node)) !== 0;
  };
}

function answerRpc(node: LedgerNode, request: NetRequest): NetResponse {
  const { id, method, params } = JSON.parse(request.body ?? "{}") as {
    id: number;
    method: string;
    params: unknown[];
  };
  const answer = (body: object): NetResponse => ({
    status: 200,
    headers: {},
    body: JSON.stringify({ jsonrpc: "2.0", id, ...body }),
  });
  try {
    return answer({ result: node.call(method, params) });
  } catch (error) {
    if (!(error instanceof RpcRefusal)) throw error;
    return answer({ error: { code: error.code, message: error.message } });
  }
}

interface Watch {
  subscription: number;
  signature: string;
}

interface AccountWatch {
  subscription: number;
  pubkey: string;
  commitment: Commitment;
  last: ChainAccount | undefined;
}

interface SocketParts {
  world: World;
  node: LedgerNode;
  handlers: NetSocketHandlers;
  open: Set<() => void>;
  tells: Set<() => void>;
  prng: Prng;
  sockets: SocketTempers;
  onFault(name: string): void;
}

/** How frames of one socket travel: all, none, some twice, some late. */
function createSay(parts: SocketParts): (message: object) => void {
  const { world, handlers, prng, sockets, onFault } = parts;
  const isSilent = prng.nextFloat() < sockets.silentChance;
  if (isSilent) onFault("socket/silent");
  return (message) => {
    if (isSilent) return;
    const text = JSON.stringify({ jsonrpc: "2.0", ...message });
    if (prng.nextFloat() >= sockets.noiseChance) return handlers.onMessage(text);
    if (prng.nextFloat() < 0.5) {
      onFault("socket/frame twice");
      handlers.onMessage(text);
      return handlers.onMessage(text);
    }
    onFault("socket/frame late");
    world.after(1 + prng.nextInt(3_000), () => handlers.onMessage(text));
  };
}

function openSocket(parts: SocketParts): NetSocket {
  const { world, node, handlers, open, tells } = parts;
  const watches = new Map<number, Watch>();
  const accounts = new Map<number, AccountWatch>();
  let isOpen = true;
  let slotSubscription: number | undefined;
  let nextId = 1;
  const timers: Timer[] = [];
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    open.delete(close);
    tells.delete(tellAccounts);
    for (const timer of timers) timer.cancel();
    world.after(1, () => handlers.onClose("closed"));
  };
  const say = createSay(parts);
  const notify = (method: string, subscription: number, result: unknown): void =>
    say({ method, params: { subscription, result } });
  const tellAccounts = (): void =>
    eachAccountNews(node, accounts, (subscription, result) =>
      notify("accountNotification", subscription, result),
    );
  open.add(close);
  tells.add(tellAccounts);
  timers.push(
    world.after(20, () => {
      handlers.onOpen();
    }),
    world.every(SLOT_NEWS_MS, () => {
      if (slotSubscription === undefined) return;
      const { slot, parentSlot: parent, finalizedSlot: root } = node.head();
      notify("slotNotification", slotSubscription, { slot, parent, root });
    }),
    world.every(SLOT_MS, () => {
      for (const { subscription, signature } of watches.values()) {
        if (!node.hasConfirmed(signature)) continue;
        watches.delete(subscription);
        const result = { context: { slot: node.head().slot }, value: { err: null } };
        notify("signatureNotification", subscription, result);
      }
      tellAccounts();
    }),
  );
  return {
    close,
    send(text) {
      if (!isOpen) return;
      const { id, method, params } = JSON.parse(text) as {
        id?: number;
        method: string;
        params: unknown[];
      };
      // A sign of life, which wants no answer.
      if (id === undefined) return;
      if (method.endsWith("Unsubscribe")) {
        watches.delete(Number(params[0]));
        accounts.delete(Number(params[0]));
        return;
      }
      const subscription = nextId++;
      const subject = String(params[0]);
      if (method === "slotSubscribe") slotSubscription = subscription;
      else if (method === "accountSubscribe") {
        const watch = watchAccount(parts, subscription, params);
        if (watch !== undefined) accounts.set(subscription, watch);
      } else watches.set(subscription, { subscription, signature: subject });
      world.after(10, () => say({ id, result: subscription }));
    },
  };
}

function eachAccountNews(
  node: LedgerNode,
  accounts: ReadonlyMap<number, AccountWatch>,
  notify: (subscription: number, result: unknown) => void,
): void {
  for (const watch of accounts.values()) {
    const { version, result } = node.accountNews(watch.pubkey, watch.commitment);
    if (version === watch.last) continue;
    watch.last = version;
    notify(watch.subscription, result);
  }
}

/** Undefined for one that is confirmed and never tells anything. */
function watchAccount(
  { node, sockets, prng, onFault }: SocketParts,
  subscription: number,
  params: readonly unknown[],
): AccountWatch | undefined {
  if (sockets.deadChance > 0 && prng.nextFloat() < sockets.deadChance) {
    onFault("socket/one subscription dead");
    return undefined;
  }
  const pubkey = String(params[0]);
  const { commitment = "finalized" } = params[1] as { commitment?: Commitment };
  return { subscription, pubkey, commitment, last: node.accountNews(pubkey, commitment).version };
}
