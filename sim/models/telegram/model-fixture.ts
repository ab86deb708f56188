import { createPrng } from "../prng.ts";
import { TelegramModel, type ApiAnswer, type TelegramModelOptions } from "../telegram.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { paramsFromRecord } from "./call-params.ts";
import { isRecord, type TelegramUpdate, type WorldEvent } from "./objects.ts";
import type { Deliver, WebhookAnswer, WebhookFailure, WebhookRequest } from "./webhook-delivery.ts";

export const START_MS = Date.parse("2026-11-21T10:00:00Z");
export const ALICE = 1001;
export const BOB = 1002;

export interface Delivery {
  /** Milliseconds since the start of the test. */
  atMs: number;
  update: TelegramUpdate;
  request: WebhookRequest;
}

type Hook = (
  update: TelegramUpdate,
) => Partial<WebhookAnswer> | WebhookFailure | Promise<Partial<WebhookAnswer> | WebhookFailure>;

/** A model in virtual time whose webhook is `hook`; a missing status means 200. */
export function createModelWorld(
  hook: Hook = () => ({}),
  options: Partial<TelegramModelOptions> = {},
) {
  const clock = new VirtualClock(START_MS);
  const deliveries: Delivery[] = [];
  const events: WorldEvent[] = [];
  const deliver: Deliver = async (request) => {
    const parsed: unknown = JSON.parse(request.body);
    if (!isRecord(parsed) || typeof parsed["update_id"] !== "number") {
      throw new Error("expected an update in the body of a delivery");
    }
    const update: TelegramUpdate = { ...parsed, update_id: parsed["update_id"] };
    deliveries.push({ atMs: clock.nowMs() - START_MS, update, request });
    const answer = await hook(update);
    return "failure" in answer ? answer : { status: 200, headers: {}, body: "", ...answer };
  };
  const model = new TelegramModel({
    clock,
    prng: createPrng(7),
    botToken: "4242:secret",
    botUsername: "raptor_test_bot",
    users: [
      { id: ALICE, name: "Alice" },
      { id: BOB, name: "Bob" },
    ],
    allowHttpWebhook: false,
    deliver,
    ...options,
  });
  model.subscribe((event) => events.push(event));
  async function call(method: string, params: Record<string, unknown> = {}): Promise<ApiAnswer> {
    return model.call(method, paramsFromRecord(params), "http");
  }
  /** The refusal's words; a success reads as "ok". */
  async function refusal(method: string, params: Record<string, unknown> = {}): Promise<string> {
    const { body } = await call(method, params);
    return body["ok"] === true ? "ok" : String(body["description"]);
  }
  async function setHook(params: Record<string, unknown> = {}): Promise<ApiAnswer> {
    return call("setWebhook", { url: "https://edge.test/telegram/webhook", ...params });
  }
  return { clock, model, deliveries, events, call, refusal, setHook };
}

/** The text of each delivered message, and the data of each delivered press. */
export function contentsOf(deliveries: readonly Delivery[]): string[] {
  return deliveries.map(({ update }) => {
    const inner = update["message"] ?? update["callback_query"];
    return isRecord(inner) ? String(inner["text"] ?? inner["data"]) : "?";
  });
}

export function keyboardOf(...data: string[]): unknown {
  return { inline_keyboard: [data.map((item) => ({ text: item, callback_data: item }))] };
}
