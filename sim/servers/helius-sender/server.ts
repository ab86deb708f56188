import type { SimRequest } from "../http.ts";
import {
  type LaneDialect,
  type LaneServer,
  type LaneServerOptions,
  startLane,
} from "../lanes/lane-server.ts";
import { LaneRefusal } from "../../models/lane-gate.ts";

const FULL_TIP_LAMPORTS_MIN = 1_000_000n;
const STAKED_TIP_LAMPORTS_MIN = 5_000n;

export const SENDER_DIALECT: LaneDialect = {
  name: "helius-sender",
  service: "helius",
  requestsPerSecond: 50,
  operationOf: ({ path }) => (path === "/ping" ? "ping" : "sendTransaction"),
  bar: ({ path }) => (path === "/ping" ? { status: 200, body: "OK" } : undefined),
  refuse: ({ kind, message }) => ({ code: kind === "signature" ? -32_003 : -32_602, message }),
  answer(gate, request, { method, params }) {
    if (request.path !== "/fast" || method !== "sendTransaction") return undefined;
    const [wire, options] = params;
    const { skipPreflight, maxRetries } = (options ?? {}) as Record<string, unknown>;
    if (skipPreflight !== true || maxRetries !== 0) {
      throw new LaneRefusal("malformed", "skipPreflight must be true and maxRetries 0");
    }
    const transaction = gate.read(wire, leastTipOf(request));
    return { result: gate.forward(String(wire), transaction, false) };
  },
};

/** Sender: to staked validators alone for a small tip, to the auctions too for a large one. */
export function startHeliusSender(options: LaneServerOptions): Promise<LaneServer> {
  return startLane(options, SENDER_DIALECT);
}

function leastTipOf({ query }: SimRequest): bigint {
  return query.get("swqos_only") === "true" ? STAKED_TIP_LAMPORTS_MIN : FULL_TIP_LAMPORTS_MIN;
}
