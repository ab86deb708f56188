import type { NetRequest, NetResponse } from "@raptor/shared/seams/net.ts";
import type { Checker, Watch } from "./checker.ts";

/** Closing and protecting: presses of these operations, and these commands. */
const URGENT_PRESS = /^1[uzq]/;
const URGENT_COMMAND = /^\/(panic|sell|pause|kill)\b/;
/** No limit may be lower than what a frightened hand does in a minute. */
const HAND_PER_MIN = 5;

/** What a person reads when the edge did not pass something on. */
const DISCLAIMER = /nothing|not accepted|not confirmed|did not|too many/i;

interface Update {
  update_id: number;
  message?: { text?: string; chat: { type: string }; from?: { id: number } };
  callback_query?: { data?: string; from?: { id: number } };
}

/**
 * Invariant 7 at the edge. After every step: QStash is told that a job is done only when it is
 * committed. At rest: whatever the edge took from Telegram is in the journal, or the person was
 * told that it is not. And nobody is told to wait before they may sell, pause, panic or kill.
 */
export function createEdgePromises(watch: Watch): Checker {
  const recorded = new Set<string>();
  /** Updates and what they said. */
  const taken = new Map<number, string>();
  const disclaimed = new Set<number>();
  /** When each person asked for something urgent. */
  const urgent = new Map<number, number[]>();

  function noteUpdate(request: NetRequest, response: NetResponse): void {
    const update = JSON.parse(request.body ?? "{}") as Update;
    if (!isCommand(update)) return;
    const said = update.message?.text ?? update.callback_query?.data ?? "";
    taken.set(update.update_id, said);
    const { text } = (response.body === "" ? {} : JSON.parse(response.body)) as { text?: string };
    if (URGENT_PRESS.test(said) || URGENT_COMMAND.test(said)) noteUrgent(update, said, text ?? "");
    if (text !== undefined && !text.startsWith("Queued") && DISCLAIMER.test(text)) {
      disclaimed.add(update.update_id);
    }
  }

  function noteUrgent(update: Update, said: string, text: string): void {
    const who = (update.message ?? update.callback_query)?.from?.id ?? 0;
    const nowMs = watch.nowMs();
    const recent = (urgent.get(who) ?? []).filter((ms) => nowMs - ms < 60_000);
    urgent.set(who, [...recent, nowMs]);
    if (recent.length >= HAND_PER_MIN || !text.startsWith("Too many")) return;
    watch.report(`${who} was told to wait before "${said}", the ${recent.length + 1}. in a minute`);
  }

  function noteRedelivered({ body = "" }: NetRequest): void {
    const jobId = jobIdOf(body);
    if (jobId === undefined || recorded.has(jobId)) return;
    watch.report(`QStash was told that ${jobId} is done, and it is not committed`);
  }

  return {
    name: "7 promises of the edge",
    onCommit(events) {
      for (const { kind, payload } of events) {
        if (kind === "JobAccepted" || kind === "JobRefused") recorded.add(payload.jobId);
      }
    },
    onAnswered(host, request, response) {
      if (host !== "edge.sim" || response.status < 200 || response.status > 299) return;
      const { pathname } = new URL(request.url);
      if (pathname === "/telegram/webhook") noteUpdate(request, response);
      if (pathname === "/internal/redeliver") noteRedelivered(request);
    },
    atRest() {
      const updates = new Set([...recorded].map((jobId) => Number(jobId.split(":")[2])));
      for (const [update, said] of taken) {
        if (updates.has(update) || disclaimed.has(update)) continue;
        watch.report(`update ${update}, "${said}", was taken by the edge and its job is nowhere`);
      }
    },
  };
}

/** Slash commands and pressed buttons of a private chat: those that must lead to a job. */
function isCommand({ message, callback_query }: Update): boolean {
  if (callback_query?.data !== undefined) return true;
  return message?.chat.type === "private" && (message.text ?? "").startsWith("/");
}

/** The job inside a compact JWS, its signature left to the executor. */
function jobIdOf(jws: string): string | undefined {
  const [, claims] = jws.split(".");
  if (claims === undefined) return undefined;
  const { job } = JSON.parse(Buffer.from(claims, "base64url").toString("utf8")) as {
    job?: { id?: string };
  };
  return job?.id;
}
