import type { MessageContent } from "@raptor/shared/domain/rows.ts";

export type DeliverOutcome =
  | { outcome: "delivered"; messageId: number }
  /** `afterMs` is what the service asked this chat to wait; null when it gave no answer at all. */
  | { outcome: "retry"; afterMs: number | null; cause: string }
  | { outcome: "refused"; reason: string };

export interface OutgoingMessage {
  chatId: number;
  /** Edit this one; null sends a new one. */
  messageId: number | null;
  content: MessageContent;
  isSilent: boolean;
  isProtected: boolean;
}

/** One chat service. Never throws for what the service may answer. */
export interface ChatPort {
  deliver(message: OutgoingMessage): Promise<DeliverOutcome>;
  health(): { name: string; ok: boolean; detail: string };
}

/** A second way to shout, for operators (Discord webhook). */
export interface AlertPort {
  alert(text: string): Promise<void>;
}
