import { Redis } from "../upstash-sdks.ts";
import type { RedisRestServer } from "./index.ts";

export const CONFORMANCE_TOKEN = "redis-token";

/** The server under test and the vendor's client in front of it. */
export interface Scene {
  server: RedisRestServer;
  redis: Redis;
}

export function createRedis(url: string): Redis {
  // `retry: false` of the client still tries twice, which would count an INCR twice.
  const retry = { retries: 0 };
  return new Redis({ url, token: CONFORMANCE_TOKEN, automaticDeserialization: false, retry });
}

export async function send(
  server: RedisRestServer,
  path: string,
  init: RequestInit & { token?: string } = {},
): Promise<{ status: number; body: unknown; headers: Headers }> {
  const { token = CONFORMANCE_TOKEN, headers, ...rest } = init;
  const response = await fetch(`${server.url}${path}`, {
    ...rest,
    headers: { ...(headers as Record<string, string>), authorization: `Bearer ${token}` },
  });
  const text = await response.text();
  const body: unknown = text === "" ? undefined : JSON.parse(text);
  return { status: response.status, body, headers: response.headers };
}

export function post(server: RedisRestServer, body: unknown, path = "/"): ReturnType<typeof send> {
  return send(server, path, { method: "POST", body: JSON.stringify(body) });
}
