import type { NetRequest } from "@raptor/shared/seams/net.ts";
import { WEBHOOK_SECRET } from "../vopr/settings.ts";
import type { Checker, Watch } from "./checker.ts";

const SECRET_HEADER = "x-telegram-bot-api-secret-token";

interface Outgoing {
  chat_id?: number;
  reply_markup?: { inline_keyboard?: { callback_data?: string }[][] };
}

/** `1<op><arg>.<ticket>.<tag>`; presses without a ticket only look around. */
const TICKET = /^1[a-z][0-9a-z]{0,6}\.([A-Za-z0-9_-]{16})\./;

/**
 * Invariant 2, after every commit: a button is redeemed by the person to whose chat it was sent,
 * and one delivery of Telegram makes one job, under whatever name it comes.
 */
export function createOwnButtons(watch: Watch): Checker {
  const chatOf = new Map<string, number>();
  /** Messages that people typed, by what a job tells of them. */
  const typed = new Map<string, Set<number>>();
  const jobs = new Map<string, Set<string>>();

  const presses = new Set<string>();

  function noteTyped(request: NetRequest): void {
    // What does not come from Telegram is nobody's word.
    if (request.headers?.[SECRET_HEADER] !== WEBHOOK_SECRET) return;
    const { message, callback_query } = JSON.parse(request.body ?? "{}") as {
      message?: { message_id: number; date: number; from?: { id: number }; text?: string };
      callback_query?: { id: string };
    };
    if (callback_query !== undefined) presses.add(callback_query.id);
    if (message?.text === undefined) return;
    const key = `${message.from?.id}/${message.date * 1_000}`;
    typed.set(key, (typed.get(key) ?? new Set()).add(message.message_id));
  }

  function noteTickets(request: NetRequest): void {
    const { chat_id, reply_markup } = JSON.parse(request.body ?? "{}") as Outgoing;
    for (const { callback_data } of (reply_markup?.inline_keyboard ?? []).flat()) {
      const ticket = TICKET.exec(callback_data ?? "")?.[1];
      if (ticket !== undefined && chat_id !== undefined) chatOf.set(ticket, chat_id);
    }
  }

  function noteJob(userId: number, createdMs: number, jobId: string): void {
    const key = `${userId}/${createdMs}`;
    const known = (jobs.get(key) ?? new Set()).add(jobId);
    jobs.set(key, known);
    const messages = typed.get(key)?.size ?? 0;
    if (known.size <= messages) return;
    watch.report(`${known.size} jobs come from ${messages} message(s) of ${userId}`);
  }

  return {
    name: "2 own buttons",
    onRequest(host, request) {
      if (host === "edge.sim" && request.url.endsWith("/telegram/webhook")) noteTyped(request);
      if (host === "telegram.sim") noteTickets(request);
    },
    onCommit(events) {
      for (const { kind, payload } of events) {
        if (kind === "JobAccepted" && payload.job.actor.kind === "telegram") {
          const { job, jobId } = payload;
          if (job.kind !== "press") noteJob(payload.userId ?? 0, job.createdMs, jobId);
          else if (!presses.has(job.callbackQueryId)) {
            watch.report(`${jobId} is a press that Telegram never delivered`);
          }
        }
        if (kind !== "TicketClaimed") continue;
        const [word, asked] = payload.ticket.split(":");
        // A question is claimed by its answer, and must have stood in the same chat.
        const chat = word === "prompt" ? Number(asked) : chatOf.get(payload.ticket);
        if (chat === payload.userId) continue;
        watch.report(`${payload.userId} redeemed a button of ${chat ?? "nobody"}`);
      }
    },
  };
}
