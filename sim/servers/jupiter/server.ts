import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { FaultPlan } from "../../faults/fault-plan.ts";
import { createJupiterProgram } from "../../models/jupiter-program.ts";
import { installMarket, type MarketOnChain } from "../../models/market-on-chain.ts";
import type { Market } from "../../models/market.ts";
import { generateKeypair } from "../../models/market-tokens.ts";
import { createOrderEngine } from "../../models/order-engine.ts";
import {
  json,
  type SimRequest,
  type SimResponse,
  type SimServer,
  startSimServer,
} from "../http.ts";
import { answerBuild } from "./build.ts";
import { answerPrice, answerSearch } from "./catalog.ts";
import { answerControl } from "./control.ts";
import type { Desk, JupiterChain, MovableClock } from "./desk.ts";
import { answerExecute } from "./execute.ts";
import { Gateway, type Plan } from "./gateway.ts";
import { MaliceQueue } from "./malice.ts";
import { answerOrder } from "./order.ts";
import { OrderBook } from "./order-book.ts";
import { BadRequest } from "./parameters.ts";

export interface JupiterOptions {
  chain: JupiterChain;
  market: Market;
  clock: MovableClock;
  prng: Prng;
  faults: FaultPlan;
  /** Plan by key; a request without a key has the smallest limit. */
  apiKeys: Readonly<Record<string, Plan>>;
  port?: number;
  /** Chance that a market maker wins an order. */
  makerShare?: number;
  /** False leaves the prices alone until somebody calls `market.tick()`. */
  ticking?: boolean;
}

export interface JupiterServer extends SimServer {
  onChain: MarketOnChain;
}

const OPERATIONS: ReadonlyMap<string, string> = new Map([
  ["GET /swap/v2/order", "order"],
  ["POST /swap/v2/execute", "execute"],
  ["GET /swap/v2/build", "build"],
  ["GET /tokens/v2/search", "search"],
  ["GET /price/v3", "price"],
]);

/** Lays the market out on the chain, teaches the chain the two programs, and serves the APIs. */
export async function startJupiter(options: JupiterOptions): Promise<JupiterServer> {
  const { chain, market, clock, prng, faults } = options;
  const onChain = installMarket(chain, market, clock);
  chain.registerModel(createJupiterProgram(market, onChain.pools, onChain.venues));
  chain.registerModel(createOrderEngine(clock, (mint) => market.find(mint)?.spec.decimals ?? 9));
  const desk: Desk = {
    chain,
    market,
    onChain,
    clock,
    prng,
    faults,
    malice: new MaliceQueue(),
    feeCollector: generateKeypair(market.seed, "fee-collector").publicKey.toBase58(),
    makerShare: options.makerShare ?? 0.1,
  };
  const book = new OrderBook(prng);
  const gateway = new Gateway(clock, options.apiKeys);
  const server = await startSimServer({
    name: "jupiter",
    clock,
    faults,
    ...(options.port === undefined ? {} : { port: options.port }),
    operationOf,
    handle: (request) => {
      if (options.ticking !== false) market.tick();
      return request.path.startsWith("/world/")
        ? guarded(desk, () => answerControl(desk, clock, request))
        : answerApi(desk, book, gateway, request);
    },
  });
  const stopped = new AbortController();
  if (options.ticking !== false) void keepTicking(market, clock, stopped.signal);
  return {
    ...server,
    onChain,
    close: () => {
      stopped.abort();
      return server.close();
    },
  };
}

async function keepTicking(
  market: Market,
  clock: MovableClock,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    market.tick();
    await clock.sleep(market.stepMs, signal);
  }
}

function operationOf(request: SimRequest): string {
  return OPERATIONS.get(`${request.method} ${request.path}`) ?? "world";
}

async function answerApi(
  desk: Desk,
  book: OrderBook,
  gateway: Gateway,
  request: SimRequest,
): Promise<SimResponse> {
  const requestHeaders = { "x-api-gateway-request-id": generateRequestId(desk.prng) };
  const operation = OPERATIONS.get(`${request.method} ${request.path}`);
  const bucket = operation === "execute" ? "execute" : "main";
  const admission = gateway.admit(request.headers["x-api-key"], bucket);
  if (admission.kind === "unauthorized") {
    return withHeaders(json(401, { code: 401, message: "Unauthorized" }), requestHeaders);
  }
  const headers = { ...requestHeaders, ...admission.headers };
  if (admission.kind === "limited") {
    const message = "[API Gateway] Too many requests";
    return withHeaders(json(429, { code: 429, message }), headers);
  }
  const response = await guarded(desk, () => {
    switch (operation) {
      case "order":
        return answerOrder(desk, book, request.query);
      case "execute":
        return answerExecute(desk, book, request.body.toString("utf8"));
      case "build":
        return answerBuild(desk, request.query);
      case "search":
        return answerSearch(desk, request.query);
      case "price":
        return answerPrice(desk, request.query);
      default:
        return json(404, { error: "Not found" });
    }
  });
  return withHeaders(response, headers);
}

async function guarded(
  desk: Desk,
  run: () => SimResponse | Promise<SimResponse>,
): Promise<SimResponse> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof BadRequest)) throw error;
    return json(400, { requestId: generateRequestId(desk.prng), error: error.message });
  }
}

function withHeaders(response: SimResponse, headers: Record<string, string>): SimResponse {
  return { ...response, headers: { ...response.headers, ...headers } };
}

function generateRequestId(prng: Prng): string {
  return Array.from({ length: 32 }, () => prng.nextInt(16).toString(16)).join("");
}
