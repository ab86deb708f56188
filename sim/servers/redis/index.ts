import { createHash, timingSafeEqual } from "node:crypto";
import type { AddressInfo } from "node:net";
import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { z } from "zod";
import type { FaultPlan } from "../../faults/fault-plan.ts";
import {
  json,
  type SimRequest,
  type SimResponse,
  type SimServer,
  startSimServer,
} from "../http.ts";
import type { RedisBackend } from "./backend.ts";
import { type DumpedKey, dumpKeys } from "./dump.ts";
import { createMemoryBackend } from "./memory-backend.ts";
import { isRedisServerInstalled, startRedisServerBackend } from "./redis-server-backend.ts";
import { answerRest, refuse } from "./rest.ts";

export interface RedisRestOptions {
  /** `auto` takes redis-server when it is installed. */
  backend: "auto" | "memory" | "redis-server";
  clock: Clock;
  prng: Prng;
  faults: FaultPlan;
  token: string;
  /** Zero or absent picks a free port. */
  port?: number;
}

export interface RedisRestServer {
  url: string;
  /** The control API alone, on a port that stays open while the service is stopped. */
  controlUrl: string;
  backendName: RedisBackend["name"];
  dump(): Promise<Record<string, DumpedKey>>;
  /** Closes the port, as a dead Redis would; the data stays. */
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

const STOP_WAIT_MS = 20;

const stopSchema = z.object({ ms: z.int().min(1).optional() });

/**
 * The Redis REST service over real HTTP. Operations for faults: the command in lower case (`get`,
 * `evalsha`), `pipeline` for several, `multi-exec`, and `world` for the control API.
 */
export async function startRedisRest(options: RedisRestOptions): Promise<RedisRestServer> {
  const backend = await startBackend(options);
  const service = new RedisRestService(options, backend);
  await service.open();
  return service;
}

class RedisRestService implements RedisRestServer {
  readonly #options: RedisRestOptions;
  readonly #backend: RedisBackend;
  readonly #closing = new AbortController();
  #requestCount: number;
  #data: SimServer | undefined;
  #control: SimServer | undefined;
  #dataPort = 0;

  constructor(options: RedisRestOptions, backend: RedisBackend) {
    this.#options = options;
    this.#backend = backend;
    this.#requestCount = options.prng.nextInt(1_000_000);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#dataPort}`;
  }

  get controlUrl(): string {
    if (this.#control === undefined) throw new Error("expected an open service");
    return this.#control.url;
  }

  get backendName(): RedisBackend["name"] {
    return this.#backend.name;
  }

  async open(): Promise<void> {
    const { clock, faults, port = 0 } = this.#options;
    const shared = { clock, faults, operationOf };
    this.#data = await startSimServer({
      ...shared,
      name: "redis",
      port,
      handle: (request) => this.#answerData(request),
    });
    this.#dataPort = (this.#data.server.address() as AddressInfo).port;
    this.#control = await startSimServer({
      ...shared,
      name: "redis control",
      handle: (request) => this.#answerControl(request),
    });
  }

  dump(): Promise<Record<string, DumpedKey>> {
    return dumpKeys(this.#backend);
  }

  async stop(): Promise<void> {
    if (this.#data?.server.listening === true) await this.#data.close();
  }

  async start(): Promise<void> {
    const server = this.#data?.server;
    if (server === undefined || server.listening) return;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#dataPort, "127.0.0.1", () => {
        server.off("error", reject);
        resolve();
      });
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.stop(), this.#control?.close()]);
    await this.#backend.close();
  }

  async #answerData(request: SimRequest): Promise<SimResponse> {
    if (request.path.startsWith("/world/")) return this.#answerControl(request);
    if (!isAuthorized(request, this.#options.token)) {
      return refuse(401, "WRONGPASS invalid or missing auth token");
    }
    const response = await answerRest(this.#backend, request);
    const token = Buffer.from(`raptor-1:${this.#requestCount++}`).toString("base64");
    return { ...response, headers: { ...response.headers, "upstash-sync-token": token } };
  }

  async #answerControl(request: SimRequest): Promise<SimResponse> {
    const route = `${request.method} ${request.path}`;
    if (route === "GET /world/keys") return json(200, await this.dump());
    if (route === "POST /world/start") {
      await this.start();
      return json(200, { isListening: true });
    }
    if (route !== "POST /world/stop") return refuse(404, `no control at ${route}`);
    const text = request.body.toString("utf8");
    const body = stopSchema.safeParse(text === "" ? {} : parseLoosely(text));
    if (!body.success) return refuse(400, "expected {ms?: positive integer}");
    void this.#stopFor(body.data.ms);
    return json(200, { isListening: false, controlUrl: this.controlUrl });
  }

  async #stopFor(downMs: number | undefined): Promise<void> {
    const { clock } = this.#options;
    // The answer leaves first; it may travel over the very port that closes.
    await clock.sleep(STOP_WAIT_MS);
    await this.stop();
    if (downMs === undefined) return;
    await clock.sleep(downMs, this.#closing.signal);
    if (!this.#closing.signal.aborted) await this.start();
  }
}

function startBackend(options: RedisRestOptions): Promise<RedisBackend> | RedisBackend {
  const isReal =
    options.backend === "redis-server" || (options.backend === "auto" && isRedisServerInstalled());
  return isReal ? startRedisServerBackend(options.clock) : createMemoryBackend(options.clock);
}

/**
 * The official client wraps even a lone command into a pipeline, so a pipeline of one goes by the
 * name of its command.
 */
function operationOf(request: SimRequest): string {
  const first = /^\/([^/?]+)/.exec(request.path)?.[1]?.toLowerCase() ?? "";
  if (first !== "" && first !== "pipeline") return first;
  const body = parseLoosely(request.body.toString("utf8"));
  const command: unknown =
    first === "pipeline" && Array.isArray(body) && body.length === 1 ? body[0] : body;
  const name: unknown = Array.isArray(command) ? command[0] : undefined;
  return typeof name === "string" ? name.toLowerCase() : first;
}

/** A body that is no JSON is refused later, with an answer. */
function parseLoosely(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isAuthorized(request: SimRequest, token: string): boolean {
  const bearer = /^Bearer (.+)$/i.exec(request.headers["authorization"] ?? "")?.[1];
  const given = bearer ?? request.query.get("_token") ?? "";
  return timingSafeEqual(sha256(given), sha256(token));
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
