import type { FaultPlan } from "../../faults/fault-plan.ts";
import { LaneGate, type LaneGateOptions, LaneRefusal } from "../../models/lane-gate.ts";
import {
  json,
  type SimRequest,
  type SimResponse,
  type SimServer,
  startSimServer,
} from "../http.ts";

export interface LaneServerOptions extends Omit<LaneGateOptions, "service" | "requestsPerSecond"> {
  faults: FaultPlan;
  requestsPerSecond?: number;
  port?: number;
}

export interface LaneServer extends SimServer {
  gate: LaneGate;
}

/** One JSON-RPC call as a lane reads it. */
export interface LaneCall {
  id: unknown;
  method: string;
  params: readonly unknown[];
}

export interface LaneDialect {
  name: string;
  service: LaneGateOptions["service"];
  requestsPerSecond: number;
  /** Names the call for faults. */
  operationOf(request: SimRequest): string;
  /** The code and words with which this service turns bytes away. */
  refuse(refusal: LaneRefusal): { code: number; message: string };
  /** Answers a call that was let in; undefined for a method that it does not have. */
  answer(
    gate: LaneGate,
    request: SimRequest,
    call: LaneCall,
  ): { result: unknown; headers?: Record<string, string> } | undefined;
  /** Before the limit: a wrong key, say. */
  bar?(request: SimRequest): SimResponse | undefined;
}

/** A landing service over HTTP; `GET` and `POST /world/lane` show and change its conduct. */
export async function startLane(
  options: LaneServerOptions,
  dialect: LaneDialect,
): Promise<LaneServer> {
  const { requestsPerSecond = dialect.requestsPerSecond, faults, clock } = options;
  const gate = new LaneGate({ ...options, service: dialect.service, requestsPerSecond });
  const server = await startSimServer({
    name: dialect.name,
    clock,
    faults,
    ...(options.port === undefined ? {} : { port: options.port }),
    operationOf: dialect.operationOf,
    handle: (request) =>
      request.path === "/world/lane"
        ? answerControl(gate, request)
        : answerLane(gate, dialect, faults, request),
  });
  return { ...server, gate };
}

function answerControl(gate: LaneGate, request: SimRequest): SimResponse {
  if (request.method === "POST") {
    const change = JSON.parse(request.body.toString("utf8")) as Partial<LaneGate["conduct"]>;
    gate.conduct = { ...gate.conduct, ...change };
  }
  return json(200, { ...gate.counts, conduct: gate.conduct });
}

/** Without the server around it. */
export function answerLane(
  gate: LaneGate,
  dialect: LaneDialect,
  faults: FaultPlan,
  request: SimRequest,
): SimResponse {
  const barred = dialect.bar?.(request);
  if (barred !== undefined) return barred;
  if (!gate.admit()) {
    const headers = { "retry-after": "1" };
    const body = { jsonrpc: "2.0", id: null, error: { code: -32_097, message: "rate limited" } };
    return { ...json(429, body), headers: { "content-type": "application/json", ...headers } };
  }
  const call = readCall(request);
  if (call === undefined) return rpcError(null, -32_700, "Parse error");
  const conduct = gate.conduct;
  // A lane that lies: it answers as ever and passes nothing on.
  if (faults.take(dialect.operationOf(request), ["silent"]) !== undefined) {
    gate.conduct = { ...conduct, lossShare: 1 };
  }
  try {
    const answer = dialect.answer(gate, request, call);
    if (answer === undefined) return rpcError(call.id, -32_601, "Method not found");
    const { result, headers = {} } = answer;
    const response = json(200, { jsonrpc: "2.0", id: call.id, result });
    return { ...response, headers: { ...response.headers, ...headers } };
  } catch (error) {
    if (!(error instanceof LaneRefusal)) throw error;
    const { code, message } = dialect.refuse(error);
    return rpcError(call.id, code, message);
  } finally {
    gate.conduct = conduct;
  }
}

function readCall(request: SimRequest): LaneCall | undefined {
  try {
    const body = JSON.parse(request.body.toString("utf8")) as Partial<LaneCall>;
    if (typeof body.method !== "string" || !Array.isArray(body.params)) return undefined;
    return { id: body.id ?? null, method: body.method, params: body.params };
  } catch {
    // Not JSON: the service says so as well.
    return undefined;
  }
}

function rpcError(id: unknown, code: number, message: string): SimResponse {
  return json(200, { jsonrpc: "2.0", id, error: { code, message } });
}
