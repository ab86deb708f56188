import type { Log } from "@raptor/shared/seams/log.ts";
import { NetFailure, type Net, type NetResponse } from "@raptor/shared/seams/net.ts";
import type { Secret } from "@raptor/shared/values/secret.ts";

/** What one call came to. `silent`: nothing usable came back, the call may have had its effect. */
export type ApiAnswer =
  | { kind: "ok"; result: unknown }
  | { kind: "refused"; status: number; description: string }
  | { kind: "wait"; afterMs: number }
  | { kind: "silent"; cause: string };

export interface TelegramApiDeps {
  net: Net;
  log: Log;
  baseUrl: string;
  token: Secret;
}

const TIMEOUT_MS = 10_000;
const RESPONSE_BYTES_MAX = 1024 * 1024;
const WAIT_DEFAULT_S = 1;
const WAIT_MAX_S = 3_600;

/** Calls of the Bot API. The token is part of every address, so no address is ever shown. */
export class TelegramApi {
  readonly #deps: TelegramApiDeps;
  #health: { ok: boolean; detail: string } = { ok: true, detail: "not called yet" };

  constructor(deps: TelegramApiDeps) {
    this.#deps = deps;
  }

  health(): { name: string; ok: boolean; detail: string } {
    return { name: "telegram", ...this.#health };
  }

  async call(method: string, params: Readonly<Record<string, unknown>>): Promise<ApiAnswer> {
    const answer = await this.#ask(method, params);
    if (answer.kind === "silent") {
      this.#health = { ok: false, detail: `${method}: ${answer.cause}` };
      this.#deps.log.warn({ method, cause: answer.cause }, "Telegram gave no usable answer");
    } else {
      this.#health = { ok: true, detail: "answers" };
    }
    return answer;
  }

  async #ask(method: string, params: Readonly<Record<string, unknown>>): Promise<ApiAnswer> {
    const { net, baseUrl, token } = this.#deps;
    try {
      const response = await net.fetch({
        url: `${baseUrl}/bot${token.reveal()}/${method}`,
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(params),
        timeoutMs: TIMEOUT_MS,
        responseBytesMax: RESPONSE_BYTES_MAX,
      });
      return readAnswer(response);
    } catch (error) {
      // Messages of other errors may quote the address, and with it the token.
      const cause = error instanceof NetFailure ? error.kind : "the call could not be made";
      return { kind: "silent", cause };
    }
  }
}

interface ApiBody {
  ok?: unknown;
  result?: unknown;
  description?: unknown;
  parameters?: { retry_after?: unknown };
}

function readAnswer(response: NetResponse): ApiAnswer {
  const { status } = response;
  const body = parseBody(response.body);
  if (status === 429) {
    const asked = Number(body?.parameters?.retry_after ?? response.headers["retry-after"]);
    const seconds = Number.isFinite(asked) && asked > 0 ? asked : WAIT_DEFAULT_S;
    return { kind: "wait", afterMs: Math.ceil(Math.min(seconds, WAIT_MAX_S) * 1_000) };
  }
  if (body === undefined) return { kind: "silent", cause: `status ${status} without JSON` };
  if (status === 200 && body.ok === true) return { kind: "ok", result: body.result };
  const description = typeof body.description === "string" ? body.description : "";
  // A wrong token (401, 404) says nothing about the message: it may go once the token is right.
  const isAboutTheCall = status === 400 || status === 403;
  if (isAboutTheCall) return { kind: "refused", status, description };
  return { kind: "silent", cause: `status ${status} ${description}`.trim() };
}

function parseBody(text: string): ApiBody | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
