import { createHash } from "node:crypto";
import { LANE_TIP_ACCOUNTS } from "../../models/lane-tip-accounts.ts";
import { type LaneGate, LaneRefusal } from "../../models/lane-gate.ts";
import type { SimRequest } from "../http.ts";
import {
  type LaneCall,
  type LaneDialect,
  type LaneServer,
  type LaneServerOptions,
  startLane,
} from "../lanes/lane-server.ts";

const TIP_LAMPORTS_MIN = 1_000n;
const BUNDLE_MAX = 5;
const TRANSACTIONS = "/api/v1/transactions";
const BUNDLES = "/api/v1/bundles";

export const JITO_DIALECT: LaneDialect = {
  name: "jito",
  service: "jito",
  requestsPerSecond: 1,
  operationOf: ({ path }) => (path === BUNDLES ? "sendBundle" : "sendTransaction"),
  refuse: ({ kind, message }) => ({ code: kind === "signature" ? -32_003 : -32_602, message }),
  answer(gate, request, call) {
    if (request.path === TRANSACTIONS && call.method === "sendTransaction") {
      return sendTransaction(gate, request, call);
    }
    if (request.path !== BUNDLES) return undefined;
    if (call.method === "sendBundle") return { result: sendBundle(gate, call) };
    if (call.method === "getTipAccounts") return { result: LANE_TIP_ACCOUNTS.jito };
    return undefined;
  },
};

/** The block engine of one region: transactions, bundles of up to five, and its tip accounts. */
export function startJito(options: LaneServerOptions): Promise<LaneServer> {
  return startLane(options, JITO_DIALECT);
}

function sendTransaction(gate: LaneGate, request: SimRequest, { params }: LaneCall) {
  const [wire] = params;
  const transaction = gate.read(wire, TIP_LAMPORTS_MIN);
  const isBundle = request.query.get("bundleOnly") === "true";
  const signature = gate.forward(String(wire), transaction, isBundle);
  return { result: signature, headers: { "x-bundle-id": bundleIdOf([signature]) } };
}

/** One tip anywhere in the bundle pays for all of it. */
function sendBundle(gate: LaneGate, { params }: LaneCall): string {
  const [wires] = params;
  if (!Array.isArray(wires) || wires.length === 0 || wires.length > BUNDLE_MAX) {
    throw new LaneRefusal("malformed", `expected 1 to ${BUNDLE_MAX} transactions`);
  }
  const read = wires.map((wire: unknown) => ({
    wire: String(wire),
    transaction: gate.read(wire, TIP_LAMPORTS_MIN),
  }));
  return bundleIdOf(read.map(({ wire, transaction }) => gate.forward(wire, transaction, true)));
}

function bundleIdOf(signatures: readonly string[]): string {
  return createHash("sha256").update(signatures.join(",")).digest("hex");
}
