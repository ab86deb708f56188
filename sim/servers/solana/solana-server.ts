import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { FaultPlan } from "../../faults/fault-plan.ts";
import type { Chain } from "../../models/chain.ts";
import { json, type SimRequest, type SimResponse, startSimServer } from "../http.ts";
import { ACCOUNT_METHODS } from "./account-methods.ts";
import { BLOCK_METHODS } from "./block-methods.ts";
import { FEE_METHODS } from "./fee-methods.ts";
import { HISTORY_METHODS } from "./history-methods.ts";
import { encodeJson } from "./json-text.ts";
import { NodeView } from "./node-view.ts";
import type { RpcMethod } from "./rpc-call.ts";
import { RPC_CODES, RpcError } from "./rpc-error.ts";
import { SEND_METHODS } from "./send-methods.ts";
import { startSocketServer } from "./socket-server.ts";
import { answerWorld } from "./world-routes.ts";

export interface SolanaNodeOptions {
  lagSlots: number;
  /** Zero or absent picks a free port. */
  port?: number;
}

export interface SolanaOptions {
  chain: Chain;
  clock: Clock;
  prng: Prng;
  nodes: readonly SolanaNodeOptions[];
  /** One plan per node, by position; a node without one gets an empty plan. */
  faults?: readonly FaultPlan[];
  /** Subscriptions that one connection may carry. */
  subscriptionsMax?: number;
}

export interface SolanaEndpoint {
  http: string;
  ws: string;
}

export interface Solana {
  rpcs: SolanaEndpoint[];
  close(): Promise<void>;
}

interface JsonRpcRequest {
  jsonrpc?: unknown;
  id?: unknown;
  method?: unknown;
  params?: unknown;
}

interface Node {
  chain: Chain;
  view: NodeView;
  forwards(): boolean;
}

const BATCH_MAX = 100;
const METHODS = new Map<string, RpcMethod>(
  Object.entries({
    ...ACCOUNT_METHODS,
    ...BLOCK_METHODS,
    ...FEE_METHODS,
    ...HISTORY_METHODS,
    ...SEND_METHODS,
  }),
);

/** RPC nodes over one chain, each with its own lag, faults, HTTP and WebSocket. */
export async function startSolana(options: SolanaOptions): Promise<Solana> {
  const nodes = await Promise.all(
    options.nodes.map((node, index) =>
      startNode(options, node, index, options.faults?.[index] ?? new FaultPlan(options.prng)),
    ),
  );
  return {
    rpcs: nodes.map(({ http, ws }) => ({ http, ws })),
    close: async () => {
      await Promise.all(nodes.map(({ close }) => close()));
    },
  };
}

async function startNode(
  { chain, clock, subscriptionsMax }: SolanaOptions,
  { lagSlots, port }: SolanaNodeOptions,
  index: number,
  faults: FaultPlan,
): Promise<SolanaEndpoint & { close(): Promise<void> }> {
  const node: Node = {
    chain,
    view: new NodeView(chain, faults, lagSlots),
    forwards: () => faults.take("sendTransaction", ["silent"]) === undefined,
  };
  const { url, server, close } = await startSimServer({
    name: `solana-${index}`,
    clock,
    faults,
    ...(port === undefined ? {} : { port }),
    operationOf,
    handle: (request) => handle(node, request),
  });
  const sockets = startSocketServer({
    server,
    faults,
    subscriptionsMax,
    createCall: (params) => ({
      chain,
      params,
      forwards: node.forwards,
      get view() {
        return node.view.forSockets();
      },
    }),
  });
  const stopListening = chain.onSlot(() => sockets.poll());
  return {
    http: url,
    ws: url.replace(/^http/, "ws"),
    close: () => {
      stopListening();
      sockets.close();
      return close();
    },
  };
}

function operationOf(request: SimRequest): string {
  if (request.path.startsWith("/world/")) return "world";
  const body = parseBody(request);
  if (Array.isArray(body)) return "batch";
  return String((body as JsonRpcRequest | undefined)?.method ?? "unknown");
}

function handle(node: Node, request: SimRequest): SimResponse {
  if (request.path.startsWith("/world/")) return answerWorld(node.chain, request);
  if (request.method === "GET" && request.path === "/health") return { status: 200, body: "ok" };
  if (request.method !== "POST") return json(405, { error: "expected a POST of JSON-RPC" });
  const body = parseBody(request);
  if (!Array.isArray(body)) return text(answerOne(node, body as JsonRpcRequest | undefined));
  if (body.length === 0 || body.length > BATCH_MAX) {
    return text(failure(null, RPC_CODES.invalidRequest, "Invalid request"));
  }
  return text(body.map((entry) => answerOne(node, entry as JsonRpcRequest)));
}

function answerOne(node: Node, request: JsonRpcRequest | undefined): unknown {
  if (request === undefined) return failure(null, RPC_CODES.parse, "Parse error");
  if (typeof request !== "object" || request === null || typeof request.method !== "string") {
    return failure(null, RPC_CODES.invalidRequest, "Invalid request");
  }
  const id = request.id ?? null;
  const method = METHODS.get(request.method);
  if (method === undefined) return failure(id, RPC_CODES.methodNotFound, "Method not found");
  const params = Array.isArray(request.params) ? (request.params as unknown[]) : [];
  const view = node.view.forCall(request.method);
  try {
    const { chain, forwards } = node;
    return { jsonrpc: "2.0", result: method({ chain, view, params, forwards }), id };
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    return { jsonrpc: "2.0", error: error.toJson(), id };
  }
}

function failure(id: unknown, code: number, message: string): unknown {
  return { jsonrpc: "2.0", error: { code, message }, id };
}

function text(value: unknown): SimResponse {
  return {
    status: 200,
    headers: { "content-type": "application/json" },
    body: encodeJson(value),
  };
}

function parseBody(request: SimRequest): unknown {
  try {
    return JSON.parse(request.body.toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}
