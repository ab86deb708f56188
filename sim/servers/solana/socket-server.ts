import type { Server } from "node:http";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import type { Fault, FaultKind, FaultPlan } from "../../faults/fault-plan.ts";
import { encodeJson } from "./json-text.ts";
import type { RpcCall } from "./rpc-call.ts";
import { RPC_CODES, RpcError } from "./rpc-error.ts";
import { type Subscription, SUBSCRIBE_METHODS } from "./subscription.ts";

export interface SocketServerOptions {
  server: Server;
  faults: FaultPlan;
  /** Per connection; nodes allow different numbers. */
  subscriptionsMax?: number | undefined;
  createCall(params: readonly unknown[]): RpcCall;
}

export interface SocketServer {
  /** Reports to every connection what its subscriptions have not seen yet. */
  poll(): void;
  close(): void;
}

interface Connection {
  socket: WebSocket;
  subscriptions: Map<number, Subscription>;
  nextId: number;
  /** Frames that wait until another one has overtaken them. */
  held: string[];
}

interface SocketRequest {
  id?: unknown;
  method?: unknown;
  params?: unknown;
}

const SUBSCRIPTIONS_MAX = 1_000;
/** A client that does not read is cut off, as providers do. */
const BUFFERED_BYTES_MAX = 4 * 1024 * 1024;

/** The WebSocket side of one node: subscriptions with ids of their own per connection. */
export function startSocketServer(options: SocketServerOptions): SocketServer {
  const connections = new Set<Connection>();
  const sockets = new WebSocketServer({
    server: options.server,
    autoPong: false,
    verifyClient: (_info, done) => {
      const refusal = takeNamed(options.faults, "connect", ["error"]);
      if (refusal === undefined) done(true);
      else done(false, refusal.status, refusal.body);
    },
  });
  sockets.on("connection", (socket) => {
    const connection: Connection = { socket, subscriptions: new Map(), nextId: 1, held: [] };
    connections.add(connection);
    socket.on("message", (data) => receive(options, connection, data));
    socket.on("ping", (data) => {
      if (!isSilent(options.faults)) socket.pong(data);
    });
    socket.on("error", () => socket.terminate());
    socket.on("close", () => connections.delete(connection));
  });
  return {
    poll() {
      for (const connection of connections) pollConnection(options.faults, connection);
    },
    close() {
      for (const { socket } of connections) socket.terminate();
      sockets.close();
    },
  };
}

function receive(options: SocketServerOptions, connection: Connection, data: RawData): void {
  if (isSilent(options.faults)) return;
  let request: SocketRequest;
  try {
    request = JSON.parse(String(data)) as SocketRequest;
  } catch {
    const error = { code: RPC_CODES.parse, message: "Parse error" };
    send(options.faults, connection, { jsonrpc: "2.0", error, id: null });
    return;
  }
  const { id } = request;
  // A request without an id wants no answer; clients keep the line open with such pings.
  if (id === undefined) return;
  try {
    const result = handle(options, connection, request);
    send(options.faults, connection, { jsonrpc: "2.0", result, id });
    // What the new one has to tell at once; the others are looked at with every slot.
    if (typeof result === "number") pollSubscription(options.faults, connection, result);
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    send(options.faults, connection, { jsonrpc: "2.0", error: error.toJson(), id });
  }
}

function handle(
  options: SocketServerOptions,
  connection: Connection,
  { method, params }: SocketRequest,
): unknown {
  const list = Array.isArray(params) ? (params as unknown[]) : [];
  const subscribe = SUBSCRIBE_METHODS[String(method)];
  if (subscribe !== undefined) {
    const refusal = takeNamed(options.faults, String(method), ["error"]);
    if (refusal !== undefined) throw new RpcError(refusal.status, refusal.body);
    if (connection.subscriptions.size >= (options.subscriptionsMax ?? SUBSCRIPTIONS_MAX)) {
      throw new RpcError(RPC_CODES.invalidRequest, "Maximum number of subscriptions reached");
    }
    const id = connection.nextId++;
    connection.subscriptions.set(id, subscribe(options.createCall(list)));
    return id;
  }
  const kind = /^(\w+)Unsubscribe$/.exec(String(method))?.[1];
  if (kind === undefined || SUBSCRIBE_METHODS[`${kind}Subscribe`] === undefined) {
    throw new RpcError(RPC_CODES.methodNotFound, "Method not found");
  }
  const id = Number(list[0]);
  if (connection.subscriptions.get(id)?.kind !== kind) {
    throw new RpcError(RPC_CODES.invalidParams, "Invalid subscription id.");
  }
  return connection.subscriptions.delete(id);
}

function pollConnection(faults: FaultPlan, connection: Connection): void {
  for (const id of connection.subscriptions.keys()) pollSubscription(faults, connection, id);
}

function pollSubscription(faults: FaultPlan, connection: Connection, id: number): void {
  const subscription = connection.subscriptions.get(id);
  for (const { method, result, isLast } of subscription?.poll() ?? []) {
    if (isLast) connection.subscriptions.delete(id);
    const about = subscription?.about;
    const names = about === undefined ? [method] : [method, `${method}/${about}`];
    tell(faults, connection, names, { method, params: { result, subscription: id } });
  }
}

/**
 * A notification may be kept back for good, come twice, or come after a later one. Such faults name
 * the method (`accountNotification`), or the method and the account of one subscription.
 */
function tell(
  faults: FaultPlan,
  connection: Connection,
  names: readonly string[],
  message: { method: string; params: unknown },
): void {
  const frame = { jsonrpc: "2.0", ...message };
  const silence = names.find((name) => isSilent(faults, name));
  if (silence !== undefined) {
    faults.hits.set(`${silence}/silent`, (faults.hits.get(`${silence}/silent`) ?? 0) + 1);
    return;
  }
  const kinds = ["duplicate", "reorder"] as const;
  const fault = names.map((name) => takeNamed(faults, name, kinds)).find((one) => one);
  if (fault?.kind === "reorder") {
    connection.held.push(encodeJson(frame));
    return;
  }
  send(faults, connection, frame);
  if (fault?.kind === "duplicate") send(faults, connection, frame);
  for (const text of connection.held.splice(0)) connection.socket.send(text);
}

function send(faults: FaultPlan, { socket }: Connection, message: unknown): void {
  if (isSilent(faults)) {
    faults.hits.set("ws/silent", (faults.hits.get("ws/silent") ?? 0) + 1);
    return;
  }
  const fault = takeNamed(faults, "ws", ["drop", "duplicate"]);
  if (fault?.kind === "drop" || socket.bufferedAmount > BUFFERED_BYTES_MAX) {
    socket.terminate();
    return;
  }
  const text = encodeJson(message);
  socket.send(text);
  if (fault?.kind === "duplicate") socket.send(text);
}

/** Faults on "*" are meant for calls over HTTP; sockets would use their hits up unseen. */
function takeNamed(
  faults: FaultPlan,
  name: string,
  kinds: readonly FaultKind[],
): Fault | undefined {
  return faults.list().some(({ on }) => on === name) ? faults.take(name, kinds) : undefined;
}

/** Silence lasts until it is cleared, whatever its count: it is a state and not an event. */
function isSilent(faults: FaultPlan, name = "ws"): boolean {
  const isAll = name === "ws";
  return faults
    .list()
    .some(({ kind, on }) => kind === "silent" && (on === name || (isAll && on === "*")));
}
