import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { FaultPlan } from "../../faults/fault-plan.ts";
import type { SimUser } from "../../models/telegram/chat-store.ts";
import { createFaultyDelivery } from "../../models/telegram/faulty-delivery.ts";
import { findMethod } from "../../models/telegram/methods-bot.ts";
import type { SendLimits } from "../../models/telegram/rate-limit.ts";
import { TelegramModel } from "../../models/telegram.ts";
import { json, startSimServer, type SimRequest, type SimResponse } from "../http.ts";
import { renderChatPage } from "./chat-page.ts";
import { createHttpDelivery } from "./deliver-http.ts";
import { installFront } from "./front.ts";

export interface TelegramServerOptions {
  clock: Clock;
  prng: Prng;
  /** Operations are method names, and `webhook` for deliveries. */
  faults: FaultPlan;
  botToken: string;
  botUsername: string;
  botName?: string;
  users: readonly SimUser[];
  allowHttpWebhook: boolean;
  limits?: Partial<SendLimits>;
  /** Zero or absent picks a free port. */
  port?: number;
}

export interface TelegramServer {
  /** Base address of the Bot API; the page is at `/chat`. */
  url: string;
  model: TelegramModel;
  close(): Promise<void>;
}

const API_PATH = /^\/bot([^/]+)\/([^/]+)\/?$/;

/** Starts the Bot API, the people's control API and the chat page on one loopback port. */
export async function startTelegram(options: TelegramServerOptions): Promise<TelegramServer> {
  const { clock, faults, port } = options;
  const delivery = createHttpDelivery();
  const model = new TelegramModel({
    ...options,
    deliver: createFaultyDelivery(clock, faults, delivery.deliver),
  });
  const server = await startSimServer({
    name: "telegram",
    clock,
    faults,
    ...(port === undefined ? {} : { port }),
    operationOf: (request) => operationOf(request.path),
    handle: (request) => answerApi(model, request),
  });
  installFront(server.server, model, renderChatPage());
  return {
    url: server.url,
    model,
    async close() {
      model.close();
      delivery.close();
      await server.close();
    },
  };
}

function operationOf(path: string): string {
  const name = API_PATH.exec(path)?.[2] ?? path;
  return findMethod(name)?.name ?? name;
}

async function answerApi(model: TelegramModel, request: SimRequest): Promise<SimResponse> {
  const [, token, method] = API_PATH.exec(request.path) ?? [];
  if (token === undefined || method === undefined) {
    return json(404, { ok: false, error_code: 404, description: "Not Found" });
  }
  const answer = await model.answerHttp({
    token: token.replace(/%3A/i, ":"),
    method,
    query: request.query,
    contentType: request.headers["content-type"] ?? "",
    body: request.body,
  });
  const response = json(answer.status, answer.body);
  return { ...response, headers: { ...response.headers, ...answer.headers } };
}
