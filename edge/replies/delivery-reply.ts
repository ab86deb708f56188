import type { Job } from "@raptor/shared/wire/job.ts";
import type { Delivery } from "../jobs/deliver.ts";
import { SENTENCES } from "./sentences.ts";
import { encodeMessage, encodeToast, encodeTyping, type WebhookReply } from "./webhook-reply.ts";

/**
 * What the person sees at once for a delivered job; the screens come from the executor. A sentence
 * points at what was typed: nobody can take it back later, because Telegram tells no one the id of
 * a message that answers a webhook, and by then it may stand far from its command.
 */
export function encodeDelivery(
  job: Job,
  delivery: Delivery,
  messageId?: number,
): WebhookReply | undefined {
  if (job.kind === "press") {
    if (delivery.kind === "taken" || (delivery.kind === "refused" && delivery.answer?.toast)) {
      const { answer } = delivery;
      return encodeToast(job.callbackQueryId, answer?.toast, answer?.toastIsAlert === true);
    }
    return encodeToast(job.callbackQueryId, sentenceOf(delivery), true);
  }
  if (job.actor.kind !== "telegram") return undefined;
  const { chatId } = job.actor;
  const sentence = sentenceOf(delivery);
  if (sentence !== undefined) return encodeMessage(chatId, sentence, messageId);
  // A duplicate was answered before; typing again would promise something new.
  return delivery.kind === "taken" && delivery.answer.status === "duplicate"
    ? undefined
    : encodeTyping(chatId);
}

/** Puts a sentence where the person looks: on the pressed button or into the chat. */
export function encodeSentence(job: Job, text: string): WebhookReply | undefined {
  if (job.kind === "press") return encodeToast(job.callbackQueryId, text, true);
  return job.actor.kind === "telegram" ? encodeMessage(job.actor.chatId, text) : undefined;
}

function sentenceOf(delivery: Delivery): string | undefined {
  switch (delivery.kind) {
    case "taken":
      return delivery.answer.sentence;
    case "queued":
      return SENTENCES.queued;
    case "lost":
      return delivery.isCertain ? SENTENCES.notAccepted : SENTENCES.notConfirmed;
    case "refused":
      if (delivery.answer?.sentence !== undefined) return delivery.answer.sentence;
      if (delivery.status === 401) return SENTENCES.refusedSignature;
      return delivery.status === 409 ? SENTENCES.refusedConflict : SENTENCES.refusedInvalid;
  }
}
