import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { type Net, NetFailure } from "@raptor/shared/seams/net.ts";
import { z } from "zod";
import { recentFeesAnswer } from "./rpc-answers.ts";
import type { Rpc } from "./rpc.ts";

/** Says what others pay, in whole micro-lamports per compute unit. */
export interface FeeSource {
  readonly name: string;
  /** Undefined when it has no usable word: a source that is broken must never hold a trade. */
  fetchUnitPrice(writableAccounts: readonly string[]): Promise<bigint | undefined>;
}

/** The question takes no more accounts than this. */
const ACCOUNTS_MAX = 128;
/** Of the slots in which somebody paid: dear enough to be taken soon, below the outliers. */
const PERCENTILE = 0.75;
/** No unit was ever worth this; more than it is nonsense and not a price. */
const UNIT_PRICE_MAX = 1_000_000_000_000;
const RESPONSE_BYTES_MAX = 256 * 1024;

/** What landed in the last 150 slots with the same writable accounts, as any node knows it. */
export function createRecentFees(rpc: Pick<Rpc, "ask">): FeeSource {
  return {
    name: "recent fees",
    async fetchUnitPrice(writableAccounts) {
      try {
        const answer = await rpc.ask(
          "getRecentPrioritizationFees",
          [writableAccounts.slice(0, ACCOUNTS_MAX)],
          recentFeesAnswer,
        );
        return percentileOf(
          answer.map(({ prioritizationFee }) => parseUnitPrice(prioritizationFee)),
        );
      } catch (error) {
        if (isRaptorError(error)) return undefined;
        throw error;
      }
    },
  };
}

/** A provider's own estimate, at the address that is configured for it. */
export function createFeeEstimate(net: Net, url: string, timeoutMs: number): FeeSource {
  return {
    name: "fee estimate",
    async fetchUnitPrice(writableAccounts) {
      const accountKeys = writableAccounts.slice(0, ACCOUNTS_MAX);
      const params = [{ accountKeys, options: { priorityLevel: "High" } }];
      try {
        const response = await net.fetch({
          url,
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({
            jsonrpc: "2.0",
            id: 1,
            method: "getPriorityFeeEstimate",
            params,
          }),
          timeoutMs,
          responseBytesMax: RESPONSE_BYTES_MAX,
        });
        return response.status === 200 ? parseEstimate(response.body) : undefined;
      } catch (error) {
        if (error instanceof NetFailure) return undefined;
        throw error;
      }
    },
  };
}

const estimateAnswer = z.object({ result: z.object({ priorityFeeEstimate: z.unknown() }) });

function parseEstimate(body: string): bigint | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    return undefined;
  }
  const parsed = estimateAnswer.safeParse(answer);
  return parsed.success ? parseUnitPrice(parsed.data.result.priorityFeeEstimate) : undefined;
}

/** Estimates may be fractional and are rounded down; all that is no possible price is nothing. */
export function parseUnitPrice(value: unknown): bigint | undefined {
  if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
  if (value < 0 || value > UNIT_PRICE_MAX) return undefined;
  return BigInt(Math.floor(value));
}

/** Slots without any fee say nothing about what is needed when it is needed. */
function percentileOf(prices: readonly (bigint | undefined)[]): bigint | undefined {
  const paid = prices.flatMap((price) => (price !== undefined && price > 0n ? [price] : []));
  const sorted = paid.toSorted((left, right) => (left < right ? -1 : Number(left > right)));
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * PERCENTILE))];
}
