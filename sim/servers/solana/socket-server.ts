import type { Server } from "node:http";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import type { FaultPlan } from "../../faults/fault-plan.ts";
import { encodeJson } from "./json-text.ts";
import type { RpcCall } from "./rpc-call.ts";
import { RPC_CODES, RpcError } from "./rpc-error.ts";
import { type Subscription, SUBSCRIBE_METHODS } from "./subscription.ts";

export interface SocketServerOptions {
  server: Server;
  faults: FaultPlan;
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
  const sockets = new WebSocketServer({ server: options.server, autoPong: false });
  sockets.on("connection", (socket) => {
    const connection: Connection = { socket, subscriptions: new Map(), nextId: 1 };
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
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    send(options.faults, connection, { jsonrpc: "2.0", error: error.toJson(), id });
  }
  pollConnection(options.faults, connection);
}

function handle(
  options: SocketServerOptions,
  connection: Connection,
  { method, params }: SocketRequest,
): unknown {
  const list = Array.isArray(params) ? (params as unknown[]) : [];
  const subscribe = SUBSCRIBE_METHODS[String(method)];
  if (subscribe !== undefined) {
    if (connection.subscriptions.size >= SUBSCRIPTIONS_MAX) {
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
  for (const [id, subscription] of connection.subscriptions) {
    for (const { method, result, isLast } of subscription.poll()) {
      if (isLast) connection.subscriptions.delete(id);
      send(faults, connection, { jsonrpc: "2.0", method, params: { result, subscription: id } });
    }
  }
}

function send(faults: FaultPlan, { socket }: Connection, message: unknown): void {
  if (isSilent(faults)) {
    faults.hits.set("ws/silent", (faults.hits.get("ws/silent") ?? 0) + 1);
    return;
  }
  // Faults on "*" are meant for calls; notifications would use their hits up unseen.
  const isTargeted = faults.list().some(({ on }) => on === "ws");
  const fault = isTargeted ? faults.take("ws", ["drop", "duplicate"]) : undefined;
  if (fault?.kind === "drop" || socket.bufferedAmount > BUFFERED_BYTES_MAX) {
    socket.terminate();
    return;
  }
  const text = encodeJson(message);
  socket.send(text);
  if (fault?.kind === "duplicate") socket.send(text);
}

/** Silence lasts until it is cleared, whatever its count: it is a state and not an event. */
function isSilent(faults: FaultPlan): boolean {
  return faults.list().some(({ kind, on }) => kind === "silent" && (on === "ws" || on === "*"));
}
