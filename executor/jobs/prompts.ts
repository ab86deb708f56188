import type { View } from "@raptor/shared/domain/rows.ts";
import type { JobOf } from "@raptor/shared/wire/job.ts";
import type { Reader, Tx } from "../ports/store.ts";

/** A question for an amount that still waits for its answer. */
export interface Prompt {
  mint: string;
  chatId: number;
  messageId: number;
  userId: number;
}

export const NOT_ASKED: readonly string[] = [
  "I do not know what this is for",
  "Paste a token's mint or link first, then press Buy X SOL. Nothing was done.",
];
export const NOTHING_TO_CANCEL: readonly string[] = [
  "Nothing to cancel",
  "No question waits for an answer. Orders under way go on: see /positions.",
];
export const CANCELED: readonly string[] = ["Canceled", "Nothing was bought."];
export const RULES_STAY: readonly string[] = [
  "Canceled",
  "Exit rules and limit buys stay as they are.",
];
export const ALREADY_ANSWERED: readonly string[] = [
  "Not bought again",
  "This question was answered already. To buy more, open the token and press Buy X SOL.",
];

/**
 * The question that a text answers. A reply answers exactly the message that it replies to; a bare
 * number answers the newest question of the chat.
 */
export function findPrompt(
  store: Reader,
  where: { chatId: number; nowMs: number; to: number | undefined },
): Prompt | undefined {
  const { chatId, nowMs, to } = where;
  const found =
    to === undefined
      ? store.promptOf(chatId, nowMs)
      : { view: store.viewOf(chatId, to), messageId: to };
  if (found?.view?.kind !== "prompt" || found.view.expiresMs <= nowMs) return undefined;
  // Trading happens in private chats, where the chat is the person.
  return { mint: found.view.mint, chatId, messageId: found.messageId, userId: chatId };
}

type RuleView = Extract<View, { kind: "exitPrompt" | "entryPrompt" }>;

/** The question for an exit rule or a limit buy that a text answers. Nothing is armed by typing. */
export function findRulePrompt(
  store: Reader,
  where: { chatId: number; nowMs: number; to: number | undefined },
): { view: RuleView; prompt: Prompt } | undefined {
  const { chatId, nowMs, to } = where;
  const found =
    to === undefined
      ? store.promptOf(chatId, nowMs)
      : { view: store.viewOf(chatId, to), messageId: to };
  const view = found?.view;
  if (found === undefined || view === undefined) return undefined;
  if (view.kind !== "exitPrompt" && view.kind !== "entryPrompt") return undefined;
  const { messageId } = found;
  const isClaimed = store.ticketClaim(`prompt:${chatId}:${messageId}`) !== undefined;
  if (isClaimed || view.expiresMs <= nowMs) return undefined;
  return { view, prompt: { mint: "", chatId, messageId, userId: chatId } };
}

/**
 * One question, one buy: a second number within its minute must not buy again. Claimed like a
 * ticket, so that it holds over a restart.
 * @returns false when another job has answered it.
 */
export function claimPrompt(tx: Tx, prompt: Prompt, job: JobOf<"say">): boolean {
  const ticket = `prompt:${prompt.chatId}:${prompt.messageId}`;
  const claim = tx.ticketClaim(ticket);
  if (claim !== undefined) return claim.jobId === job.id;
  const payload = { ticket, jobId: job.id, userId: prompt.userId };
  tx.append({ stream: `job:${job.id}`, kind: "TicketClaimed", payload });
  return true;
}
