import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { type Net, NetFailure, type NetResponse } from "@raptor/shared/seams/net.ts";
import { parseJsonNumber } from "@raptor/shared/values/decimal.ts";
import type { Secret } from "@raptor/shared/values/secret.ts";
import type { z } from "zod";
import type { PriceSource } from "../../ports/market.ts";
import {
  type BuildAnswer,
  buildAnswer,
  errorAnswer,
  type OrderAnswer,
  orderAnswer,
  priceEntry,
  pricesAnswer,
  searchAnswer,
  type TokenAnswer,
} from "./jupiter-answers.ts";
import { JupiterGate } from "./jupiter-gate.ts";

export interface JupiterDeps {
  net: Net;
  clock: Clock;
  settings: { url: string; apiKey: Secret | undefined; timeoutMs: number };
}

export interface SwapQuestion {
  wallet: string;
  inputMint: string;
  outputMint: string;
  quantityIn: bigint;
  slippageBps: number;
}

/** Every method throws RAPTOR_VENUE__UNAVAILABLE, __BAD_ANSWER or __RATE_LIMITED. */
export interface Jupiter extends PriceSource {
  /** @throws also RAPTOR_VENUE__NO_ROUTE. */
  fetchBuild(question: SwapQuestion): Promise<BuildAnswer>;
  fetchOrder(question: SwapQuestion): Promise<OrderAnswer>;
  /** Undefined for a mint that the list does not know. */
  fetchToken(mint: string): Promise<TokenAnswer | undefined>;
  health(): { name: string; ok: boolean; detail: string };
}

/** Decimals of `usdPricesE30`: a price in dollars times 10^30, so that dust still has digits. */
const USD_DECIMALS = 30;
/** No token costs a million dollars a piece; a larger number is garbage. */
const USD_PRICE_MAX = 1_000_000_000;
const PRICES_BATCH_MAX = 50;
const RESPONSE_BYTES_MAX = 1024 * 1024;
/** Texts of a 400 that mean "not tradable" and not "you asked wrongly". */
const NO_ROUTE = /no routes? found|could[ _]not[ _]find[ _]any[ _]route|not[ _]tradable|no_routes/i;

/** Jupiter's HTTP APIs. One client per process, because the rate limit is one. */
export function createJupiter(deps: JupiterDeps): Jupiter {
  const client = new JupiterClient(deps);
  return {
    batchMax: PRICES_BATCH_MAX,
    waitMs: () => client.gate.pricesWaitMs(),
    health: () => client.health(),
    fetchBuild: (question) => client.get("/swap/v2/build", swapQuery(question), buildAnswer),
    fetchOrder: (question) => client.get("/swap/v2/order", swapQuery(question), orderAnswer),
    async fetchToken(mint) {
      const found = await client.get("/tokens/v2/search", { query: mint }, searchAnswer);
      // The search also matches names: only the mint itself is meant.
      return found.find((token) => token.id === mint);
    },
    async fetchUsdPricesE30(mints) {
      const asked = new Set(mints);
      const answer = await client.get("/price/v3", { ids: mints.join(",") }, pricesAnswer);
      const prices = new Map<string, bigint>();
      for (const [mint, entry] of Object.entries(answer)) {
        const price = priceEntry.safeParse(entry);
        if (!price.success || !asked.has(mint) || price.data.usdPrice > USD_PRICE_MAX) continue;
        const exact = parseJsonNumber(price.data.usdPrice, USD_DECIMALS);
        if (exact !== undefined && exact > 0n) prices.set(mint, exact);
      }
      return prices;
    },
  };
}

function swapQuery(question: SwapQuestion): Record<string, string> {
  return {
    inputMint: question.inputMint,
    outputMint: question.outputMint,
    amount: String(question.quantityIn),
    taker: question.wallet,
    slippageBps: String(question.slippageBps),
  };
}

class JupiterClient {
  readonly gate: JupiterGate;
  readonly #deps: JupiterDeps;
  #lastFailure = "";
  #lastGoodMs: number | undefined;

  constructor(deps: JupiterDeps) {
    this.#deps = deps;
    this.gate = new JupiterGate(deps.clock);
  }

  async get<T>(path: string, query: Record<string, string>, schema: z.ZodType<T>): Promise<T> {
    const waitMs = Math.ceil(this.gate.waitMs());
    if (waitMs > 0) throw new RaptorError("RAPTOR_VENUE__RATE_LIMITED", { path, waitMs });
    try {
      const value = this.#read(path, await this.#fetch(path, query), schema);
      this.#lastFailure = "";
      this.#lastGoodMs = this.#deps.clock.monotonicMs();
      return value;
    } catch (error) {
      // "No route" is a good answer of a working service.
      if (error instanceof RaptorError && error.code !== "RAPTOR_VENUE__NO_ROUTE") {
        this.#lastFailure = error.message;
      }
      throw error;
    }
  }

  health(): { name: string; ok: boolean; detail: string } {
    const detail =
      this.#lastFailure !== ""
        ? this.#lastFailure
        : this.#lastGoodMs === undefined
          ? "not asked yet"
          : "answers";
    return { name: "jupiter", ok: this.#lastFailure === "", detail };
  }

  async #fetch(path: string, query: Record<string, string>): Promise<NetResponse> {
    const { net, settings } = this.#deps;
    const { apiKey } = settings;
    try {
      return await net.fetch({
        url: `${settings.url}${path}?${new URLSearchParams(query).toString()}`,
        method: "GET",
        headers: {
          accept: "application/json",
          ...(apiKey === undefined ? {} : { "x-api-key": apiKey.reveal() }),
        },
        timeoutMs: settings.timeoutMs,
        responseBytesMax: RESPONSE_BYTES_MAX,
      });
    } catch (error) {
      if (!(error instanceof NetFailure)) throw error;
      const code =
        error.kind === "too-large" ? "RAPTOR_VENUE__BAD_ANSWER" : "RAPTOR_VENUE__UNAVAILABLE";
      throw new RaptorError(code, { service: "jupiter", path, was: error.kind }, { cause: error });
    }
  }

  #read<T>(path: string, response: NetResponse, schema: z.ZodType<T>): T {
    const context = { service: "jupiter", path, status: response.status };
    this.gate.noteHeaders(response.headers);
    if (response.status === 429) {
      this.gate.noteRefusal(response.headers);
      const waitMs = Math.ceil(this.gate.waitMs());
      throw new RaptorError("RAPTOR_VENUE__RATE_LIMITED", { ...context, waitMs });
    }
    const body = parseJson(response.body);
    if (response.status === 400 || response.status === 404) {
      const parsed = errorAnswer.safeParse(body);
      const reason = parsed.success ? printable(parsed.data.error) : "no reason given";
      const code = NO_ROUTE.test(reason) ? "RAPTOR_VENUE__NO_ROUTE" : "RAPTOR_VENUE__BAD_ANSWER";
      throw new RaptorError(code, { ...context, reason });
    }
    if (response.status === 401 || response.status === 403) {
      const reason = "the API key is not accepted";
      throw new RaptorError("RAPTOR_VENUE__UNAVAILABLE", { ...context, reason });
    }
    if (response.status !== 200) throw new RaptorError("RAPTOR_VENUE__UNAVAILABLE", context);
    const parsed = schema.safeParse(body);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    const field = issue?.path.join(".") ?? "";
    const expected = issue?.message ?? "";
    throw new RaptorError("RAPTOR_VENUE__BAD_ANSWER", { ...context, field, expected });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Foreign words that people and logs may see: short, one line, plain ASCII. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 160);
}
