import type { SendLimits } from "../../models/telegram/rate-limit.ts";
import { isRecord } from "../../models/telegram/objects.ts";
import { ImpossibleAct, type TelegramModel } from "../../models/telegram.ts";
import { json, type SimResponse } from "../http.ts";

export interface ControlRequest {
  method: string;
  path: string;
  body: Record<string, unknown>;
}

type Control = (model: TelegramModel, request: ControlRequest, id: string) => SimResponse;

/** Test users get ids far above the configured ones, where real accounts live too. */
const FIRST_FREE_USER_ID = 700_000_001;
const REDELIVERIES_MAX = 100;
/** What somebody sees of a chat without scrolling far. */
const NEWEST_MAX = 50;

/** What a person, or a test in their place, can do to this world. */
const CONTROLS: ReadonlyArray<readonly [method: string, path: RegExp, control: Control]> = [
  ["GET", /^\/world\/bot$/, (model) => json(200, model.bot)],
  ["GET", /^\/world\/users$/, (model) => json(200, model.users())],
  ["POST", /^\/world\/users$/, putUser],
  ["POST", /^\/world\/users\/(\d+)\/messages$/, sendMessage],
  ["POST", /^\/world\/users\/(\d+)\/presses$/, pressButton],
  ["GET", /^\/world\/chats\/(\d+)\/messages$/, getMessages],
  ["GET", /^\/world\/chats\/(\d+)\/newest$/, getNewest],
  ["GET", /^\/world\/chats\/(\d+)\/toasts$/, (model, _, id) => json(200, model.toasts(Number(id)))],
  [
    "GET",
    /^\/world\/chats\/(\d+)\/commands$/,
    (model, _, id) => json(200, model.commands(Number(id))),
  ],
  ["GET", /^\/world\/photos\/([\w-]+)$/, getPhoto],
  ["GET", /^\/world\/calls$/, (model) => json(200, model.calls())],
  ["POST", /^\/world\/updates$/, injectUpdate],
  ["POST", /^\/world\/redeliver$/, redeliver],
  ["POST", /^\/world\/limits$/, setLimits],
  ["POST", /^\/world\/floods$/, startFlood],
  ["POST", /^\/world\/wake$/, wake],
];

export function answerControl(model: TelegramModel, request: ControlRequest): SimResponse {
  for (const [method, pattern, control] of CONTROLS) {
    const match = pattern.exec(request.path);
    if (match === null || method !== request.method) continue;
    try {
      return control(model, request, match[1] ?? "");
    } catch (error) {
      if (error instanceof ImpossibleAct) return json(400, { error: error.message });
      throw error;
    }
  }
  return json(404, { error: `expected a known control path, was ${request.path}` });
}

function putUser(model: TelegramModel, { body }: ControlRequest): SimResponse {
  const { id: givenId, name, username, blocked, started } = body;
  const ids = model.users().map((user) => user.id);
  const id = typeof givenId === "number" ? givenId : Math.max(FIRST_FREE_USER_ID - 1, ...ids) + 1;
  const known = model.users().find((user) => user.id === id);
  const user = model.putUser({
    id,
    name: typeof name === "string" && name !== "" ? name : (known?.name ?? `User ${id}`),
    ...(typeof username === "string" ? { username } : {}),
    ...(typeof blocked === "boolean" ? { blocked } : {}),
    ...(typeof started === "boolean" ? { started } : {}),
  });
  return json(200, user);
}

function sendMessage(model: TelegramModel, { body }: ControlRequest, id: string): SimResponse {
  const { text, replyTo } = body;
  if (typeof text !== "string") throw new ImpossibleAct("expected {text, replyTo?: messageId}");
  const replyToId = typeof replyTo === "number" ? replyTo : undefined;
  return json(200, model.sendUserMessage(Number(id), text, replyToId));
}

function pressButton(model: TelegramModel, { body }: ControlRequest, id: string): SimResponse {
  const { messageId, data, force } = body;
  if (typeof messageId !== "number" || typeof data !== "string") {
    throw new ImpossibleAct("expected {messageId, data, force?: true}");
  }
  return json(200, model.pressButton(Number(id), { messageId, data, force: force === true }));
}

function getMessages(
  model: TelegramModel,
  _: ControlRequest,
  id: string,
  newestMax = Number.POSITIVE_INFINITY,
): SimResponse {
  const messages = model.messages(Number(id));
  return messages === undefined
    ? json(404, { error: `expected a known chat id, was ${id}` })
    : json(200, messages.slice(-newestMax));
}

/** For those who look often at a chat that has become long. */
function getNewest(model: TelegramModel, request: ControlRequest, id: string): SimResponse {
  return getMessages(model, request, id, NEWEST_MAX);
}

function getPhoto(model: TelegramModel, _: ControlRequest, fileId: string): SimResponse {
  const photo = model.photo(fileId);
  if (photo === undefined) return json(404, { error: `expected a known file id, was ${fileId}` });
  return { status: 200, headers: { "content-type": photo.contentType }, body: photo.content };
}

function injectUpdate(model: TelegramModel, { body }: ControlRequest): SimResponse {
  const { update } = body;
  if (!isRecord(update)) throw new ImpossibleAct("expected {update: object}");
  return json(200, { updateId: model.injectUpdate(update) });
}

function redeliver(model: TelegramModel, { body }: ControlRequest): SimResponse {
  const { updateId, times, newUpdateId } = body;
  const count = times ?? 1;
  if (
    typeof updateId !== "number" ||
    typeof count !== "number" ||
    !(count >= 1 && count <= REDELIVERIES_MAX)
  ) {
    throw new ImpossibleAct("expected {updateId, times?: 1 to 100, newUpdateId?: boolean}");
  }
  const updateIds = model.redeliver(updateId, count, newUpdateId === true);
  if (updateIds.length === 0) throw new ImpossibleAct(`expected a known update, was ${updateId}`);
  return json(200, { updateIds });
}

function setLimits(model: TelegramModel, { body }: ControlRequest): SimResponse {
  const limits: Partial<SendLimits> = {};
  for (const name of ["chatPerSecond", "chatBurst", "overallPerSecond"] as const) {
    const value = body[name];
    if (value === undefined) continue;
    if (typeof value !== "number" || !(value > 0)) {
      throw new ImpossibleAct(`expected ${name} above zero`);
    }
    limits[name] = value;
  }
  return json(200, model.setLimits(limits));
}

function startFlood(model: TelegramModel, { body }: ControlRequest): SimResponse {
  const { seconds, chatId } = body;
  if (typeof seconds !== "number" || !(seconds > 0)) {
    throw new ImpossibleAct("expected {seconds, chatId?}");
  }
  model.flood(seconds, typeof chatId === "number" ? chatId : undefined);
  return json(200, { seconds });
}

function wake(model: TelegramModel): SimResponse {
  model.wake();
  return json(200, {});
}
