import { waitUntil } from "cloudflare:workers";
import type { IdSource } from "@raptor/shared/seams/chance.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log, LogFields } from "@raptor/shared/seams/log.ts";
import { NetFailure, type NetRequest, type NetResponse } from "@raptor/shared/seams/net.ts";
import { createEdge } from "./app.ts";
import type { EdgeEnv } from "./env.ts";
import { createWorker } from "./worker.ts";

const RESPONSE_BYTES_MAX = 8 * 1024 * 1024;
const LEVELS = ["debug", "info", "warn", "error"] as const;

const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const timer = setTimeout(resolve, ms);
      signal?.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
      });
    }),
  defer: (task) => void setTimeout(task, 0),
};

const ids: IdSource = {
  token(byteCount) {
    const bytes = crypto.getRandomValues(new Uint8Array(byteCount));
    const text = btoa(String.fromCharCode(...bytes));
    return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  },
};

function createLog(level: EdgeEnv["LOG_LEVEL"]): Log {
  function write(at: (typeof LEVELS)[number], fields: LogFields, message: string): void {
    if (LEVELS.indexOf(at) < LEVELS.indexOf(level)) return;
    const line = JSON.stringify({ level: at, tsMs: Date.now(), room: "edge", ...fields, message });
    if (at === "error") console.error(line);
    else console.log(line);
  }
  return {
    debug: (fields, message) => write("debug", fields, message),
    info: (fields, message) => write("info", fields, message),
    warn: (fields, message) => write("warn", fields, message),
    error: (fields, message) => write("error", fields, message),
  };
}

/**
 * The platform's fetch as a `Net`. The runtime does not tell a refused connection from one that
 * broke later, so both are `reset`: nothing is claimed not to have happened that may have.
 */
async function fetchNet(request: NetRequest): Promise<NetResponse> {
  const { host } = new URL(request.url);
  try {
    const response = await fetch(request.url, {
      method: request.method,
      ...(request.headers === undefined ? {} : { headers: request.headers }),
      ...(request.body === undefined ? {} : { body: request.body }),
      redirect: "manual",
      signal: AbortSignal.timeout(request.timeoutMs),
    });
    const body = await readText(response, request.responseBytesMax ?? RESPONSE_BYTES_MAX, host);
    return { status: response.status, headers: Object.fromEntries(response.headers), body };
  } catch (error) {
    if (error instanceof NetFailure) throw error;
    const isTimeout = error instanceof Error && error.name === "TimeoutError";
    throw new NetFailure(isTimeout ? "timeout" : "reset", host, { cause: error });
  }
}

async function readText(response: Response, bytesMax: number, host: string): Promise<string> {
  if (response.body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  let byteCount = 0;
  for await (const chunk of response.body) {
    byteCount += chunk.byteLength;
    if (byteCount > bytesMax) throw new NetFailure("too-large", host);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

// Cloudflare's module format asks for a default export.
export default {
  fetch: createWorker(
    (env) =>
      createEdge({
        env,
        clock,
        ids,
        net: { fetch: fetchNet },
        log: createLog(env.LOG_LEVEL),
        waitUntil,
      }),
    (problems) => createLog("info").error({ problems }, "the settings cannot be used"),
  ),
} satisfies ExportedHandler<Readonly<Record<string, unknown>>>;
