import { LaneRefusal } from "../../models/lane-gate.ts";
import { json } from "../http.ts";
import {
  type LaneDialect,
  type LaneServer,
  type LaneServerOptions,
  startLane,
} from "../lanes/lane-server.ts";

const TIP_LAMPORTS_MIN = 1_000_000n;
const CODES = { "low-tip": -1_013, "no-tip": -1_014, malformed: -1_016, signature: -32_003 };
const BAD_PARAMETER = -1_015;

/** Send-only and RPC-compatible; wants a key, and a flat tip in every transaction. */
export function startJupiterSend(
  options: LaneServerOptions & { apiKeys: readonly string[] },
): Promise<LaneServer> {
  const dialect: LaneDialect = {
    name: "jupiter-send",
    service: "jupiter",
    requestsPerSecond: 10,
    operationOf: () => "sendTransaction",
    bar: ({ headers }) =>
      options.apiKeys.includes(headers["x-api-key"] ?? "")
        ? undefined
        : json(401, { code: 401, message: "Unauthorized" }),
    refuse: ({ kind, message }) => ({
      code: message.startsWith("skipPreflight") ? BAD_PARAMETER : CODES[kind],
      message,
    }),
    answer(gate, _request, { method, params }) {
      if (method !== "sendTransaction") return undefined;
      const [wire, config] = params;
      const { skipPreflight = true, maxRetries = 0 } = (config ?? {}) as Record<string, unknown>;
      if (skipPreflight !== true || maxRetries !== 0) {
        throw new LaneRefusal("malformed", "skipPreflight must be true and maxRetries 0");
      }
      const transaction = gate.read(wire, TIP_LAMPORTS_MIN);
      return { result: gate.forward(String(wire), transaction, false) };
    },
  };
  return startLane(options, dialect);
}
