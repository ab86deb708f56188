import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { NetRequest, NetResponse } from "@raptor/shared/seams/net.ts";
import { FaultPlan } from "../faults/fault-plan.ts";
import { createPrng } from "../models/prng.ts";
import { Qstash } from "../models/qstash.ts";
import { paramsFromRecord } from "../models/telegram/call-params.ts";
import { TelegramModel } from "../models/telegram.ts";
import type { SimRequest, SimResponse } from "../servers/http.ts";
import { answerRoute } from "../servers/qstash/index.ts";
import { createMemoryBackend } from "../servers/redis/memory-backend.ts";
import { answerRest } from "../servers/redis/rest.ts";
import type { Network } from "./network.ts";
import { BOT_TOKEN, PEOPLE, QSTASH_KEYS, WEBHOOK_SECRET } from "./settings.ts";
import { SimProcess } from "./sim-process.ts";
import type { World } from "./world.ts";

export interface Services {
  telegram: TelegramModel;
  qstash: Qstash;
}

const DELIVERY_TIMEOUT_MS = 60_000;
/** The platform in front of the edge gives up long before QStash does. */
const PLATFORM_TIMEOUT_MS = 30_000;

/** Telegram, QStash and Redis: the models behind the stand-ins, without their sockets. */
export function startServices(world: World, network: Network, prng: Prng): Services {
  const clock = world.clock();
  const outside = network.netOf(new SimProcess(world, () => 0));
  const telegram = new TelegramModel({
    clock,
    prng: createPrng(prng.nextInt(2 ** 32)),
    botToken: BOT_TOKEN,
    botUsername: "RaptorSimBot",
    users: PEOPLE.map((id) => ({ id, name: `Person ${id}` })),
    allowHttpWebhook: false,
    deliver: async ({ url, headers, body }) => {
      const timeoutMs = DELIVERY_TIMEOUT_MS;
      return outside.fetch({ url, method: "POST", headers, body, timeoutMs });
    },
  });
  const hook = { url: "https://edge.sim/telegram/webhook", secret_token: WEBHOOK_SECRET };
  const allowed_updates = ["callback_query", "message"];
  void telegram.call("setWebhook", paramsFromRecord({ ...hook, allowed_updates }), "http");
  const qstash = new Qstash({
    clock,
    prng: createPrng(prng.nextInt(2 ** 32)),
    faults: new FaultPlan(createPrng(prng.nextInt(2 ** 32))),
    keys: QSTASH_KEYS,
    deliver: async ({ url, method, headers, body, timeoutMs }) => {
      const limitMs = Math.min(timeoutMs, PLATFORM_TIMEOUT_MS);
      const request = { url, method: "POST" as const, headers, timeoutMs: limitMs };
      if (method !== "POST") throw new Error(`expected a POST, was ${method}`);
      const answer = await outside.fetch({ ...request, body: body.toString("utf8") });
      return { ...answer, body: Buffer.from(answer.body, "utf8") };
    },
  });
  const redis = createMemoryBackend(clock);
  network.serve("telegram.sim", (request) => answerTelegram(telegram, request));
  network.serve("qstash.sim", (request) => toNet(answerRoute(qstash, toSim(request))));
  network.serve("redis.sim", async (request) => toNet(await answerRest(redis, toSim(request))));
  return { telegram, qstash };
}

async function answerTelegram(model: TelegramModel, request: NetRequest): Promise<NetResponse> {
  const { pathname, searchParams } = new URL(request.url);
  const [, bot = "", method = ""] = pathname.split("/");
  const answer = await model.answerHttp({
    token: bot.slice("bot".length),
    method,
    query: searchParams,
    contentType: request.headers?.["content-type"] ?? "",
    body: Buffer.from(request.body ?? "", "utf8"),
  });
  const { status, headers } = answer;
  return { status, headers, body: JSON.stringify(answer.body) };
}

export function toSim(request: NetRequest): SimRequest {
  const { host, pathname, searchParams } = new URL(request.url);
  const rawUrl = request.url.slice(request.url.indexOf(host) + host.length);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers ?? {})) {
    headers[name.toLowerCase()] = value;
  }
  return {
    method: request.method,
    rawUrl: rawUrl === "" ? "/" : rawUrl,
    path: pathname,
    query: searchParams,
    headers,
    body: Buffer.from(request.body ?? "", "utf8"),
  };
}

export function toNet({ status, headers = {}, body = "" }: SimResponse): NetResponse {
  return { status, headers, body: String(body) };
}
