import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import { NetFailure, type Net, type NetResponse } from "@raptor/shared/seams/net.ts";
import type { Secret } from "@raptor/shared/values/secret.ts";
import type { AlertPort } from "../ports/notifier.ts";

export interface DiscordAlertDeps {
  net: Net;
  clock: Clock;
  log: Log;
  /** The webhook's address, which is its own password; absent turns the channel off. */
  url: Secret | undefined;
}

const CONTENT_CHARS_MAX = 2_000;
/** Alerts that wait; a storm of them says nothing new after this many. */
const WAITING_MAX = 20;
const TRIES_MAX = 5;
const BACK_OFF_FIRST_MS = 1_000;
const WAIT_MAX_MS = 60_000;
const TIMEOUT_MS = 5_000;

export function createDiscordAlert(deps: DiscordAlertDeps): AlertPort {
  return new DiscordAlert(deps);
}

/** One alert after the other; an alert that cannot be delivered is logged and dropped. */
class DiscordAlert implements AlertPort {
  readonly #deps: DiscordAlertDeps;
  #waitingCount = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(deps: DiscordAlertDeps) {
    this.#deps = deps;
  }

  alert(text: string): Promise<void> {
    const { url, log } = this.#deps;
    if (url === undefined) return Promise.resolve();
    if (this.#waitingCount >= WAITING_MAX) {
      log.warn({ waiting: this.#waitingCount }, "an alert was dropped, too many are waiting");
      return Promise.resolve();
    }
    this.#waitingCount++;
    this.#last = this.#last.then(async () => {
      await this.#deliver(url, text);
      this.#waitingCount--;
    });
    return this.#last;
  }

  async #deliver(url: Secret, text: string): Promise<void> {
    const { clock, log } = this.#deps;
    for (let attempt = 0; attempt < TRIES_MAX; attempt++) {
      const answer = await this.#post(url, text);
      if (answer.isOver) return;
      const backOffMs = BACK_OFF_FIRST_MS * 2 ** attempt;
      await clock.sleep(Math.min(WAIT_MAX_MS, answer.waitMs ?? backOffMs));
    }
    log.error({ tries: TRIES_MAX }, "an alert could not be delivered to Discord");
  }

  async #post(url: Secret, text: string): Promise<{ isOver: boolean; waitMs?: number }> {
    const { net, log } = this.#deps;
    const content = text.slice(0, CONTENT_CHARS_MAX).toWellFormed();
    try {
      const response = await net.fetch({
        url: url.reveal(),
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ content, allowed_mentions: { parse: [] } }),
        timeoutMs: TIMEOUT_MS,
      });
      if (response.status >= 200 && response.status < 300) return { isOver: true };
      if (response.status === 429) return { isOver: false, waitMs: waitMsOf(response) };
      if (response.status >= 500) return { isOver: false };
      log.error({ status: response.status }, "Discord refused an alert");
      return { isOver: true };
    } catch (error) {
      // The address is a password and other errors may quote it.
      const cause = error instanceof NetFailure ? error.kind : "the call could not be made";
      log.warn({ cause }, "Discord gave no answer to an alert");
      return { isOver: false };
    }
  }
}

/** Seconds, with a fraction, in the body or in the header. */
function waitMsOf(response: NetResponse): number {
  const inBody = /"retry_after"\s*:\s*([\d.]+)/.exec(response.body)?.[1];
  const seconds = Number(inBody ?? response.headers["retry-after"]);
  return Number.isFinite(seconds) && seconds > 0 ? Math.ceil(seconds * 1_000) : BACK_OFF_FIRST_MS;
}
