import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { NetRequest, NetResponse } from "@raptor/shared/seams/net.ts";
import { LedgerChain, type LedgerRecord } from "../models/ledger-chain.ts";
import { answerLedgerJupiter } from "../models/ledger-jupiter.ts";
import { LedgerMarket } from "../models/ledger-market.ts";
import { LedgerNode, RpcRefusal } from "../models/ledger-node.ts";
import { pooledTokens } from "../models/ledger-pool-world.ts";
import { LedgerPools } from "../models/ledger-pools.ts";
import { createMintAccount, LEDGER_TOKENS } from "../models/ledger-world.ts";
import { createPrng } from "../models/prng.ts";
import { openSocket, type SocketTempers } from "./chain-sockets.ts";
import type { Network } from "./network.ts";
import { RPC_HOSTS, SLOT_MS } from "./settings.ts";
import type { World } from "./world.ts";

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

export interface ChainHostOptions {
  skipChance: number;
  /** Whether most tokens trade in pools of real programs; else all in ones that never run out. */
  hasPools: boolean;
  onLanded(record: LedgerRecord): void;
  onFault(name: string): void;
}

/** Without pools slots are told now and then only: they are a sign of life then, no data. */
const SIGN_OF_LIFE_MS = 1_200;

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
        const slotNewsMs = hasPools ? SLOT_MS : SIGN_OF_LIFE_MS;
        return openSocket({
          world,
          node,
          handlers,
          open,
          tells,
          prng,
          sockets,
          slotNewsMs,
          onFault,
        });
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
