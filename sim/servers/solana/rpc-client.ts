import { WebSocket } from "ws";

export interface RpcAnswer {
  result?: unknown;
  error?: { code: number; message: string; data?: Record<string, unknown> };
}

/** One raw JSON-RPC call, for tests that look at the exact shapes. */
export async function callRpc(
  url: string,
  method: string,
  ...params: unknown[]
): Promise<RpcAnswer> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  return (await response.json()) as RpcAnswer;
}

/** The `value` of an answer that carries a context. */
export async function callForValue(
  url: string,
  method: string,
  ...params: unknown[]
): Promise<unknown> {
  const { result, error } = await callRpc(url, method, ...params);
  if (error !== undefined) throw new Error(`${method}: ${error.message}`);
  return (result as { value: unknown }).value;
}

export interface SocketMessage extends RpcAnswer {
  id?: number;
  method?: string;
  params?: { result: unknown; subscription: number };
}

export interface SocketClient {
  messages: SocketMessage[];
  socket: WebSocket;
  request(method: string, ...params: unknown[]): Promise<SocketMessage>;
  /** The first message that fits, now or later. */
  find(fits: (message: SocketMessage) => boolean): Promise<SocketMessage>;
}

/** A raw WebSocket that keeps everything it hears. */
export async function openSocket(url: string): Promise<SocketClient> {
  const socket = new WebSocket(url);
  const messages: SocketMessage[] = [];
  const waiting = new Set<() => void>();
  socket.on("message", (data) => {
    messages.push(JSON.parse(String(data)) as SocketMessage);
    for (const look of waiting) look();
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  function find(fits: (message: SocketMessage) => boolean): Promise<SocketMessage> {
    return new Promise((resolve) => {
      function look(): void {
        const found = messages.find(fits);
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      }
      waiting.add(look);
      look();
    });
  }
  let nextId = 1;
  return {
    messages,
    socket,
    find,
    request(method, ...params) {
      const id = nextId++;
      socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
      return find((message) => message.id === id);
    },
  };
}
