import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { CallbackStore } from "./callback-store.ts";
import type { CallParams } from "./call-params.ts";
import type { ChatStore } from "./chat-store.ts";
import type { CommandStore } from "./command-store.ts";
import type { TelegramUser, WorldEvent } from "./objects.ts";
import type { PhotoStore } from "./photo-store.ts";
import type { SendLimiter } from "./rate-limit.ts";
import type { UpdateStore } from "./update-store.ts";
import type { WebhookDelivery } from "./webhook-delivery.ts";

/** Everything that a Bot API method may read or change. */
export interface BotWorld {
  clock: Clock;
  bot: TelegramUser;
  chats: ChatStore;
  callbacks: CallbackStore;
  commands: CommandStore;
  photos: PhotoStore;
  limiter: SendLimiter;
  updates: UpdateStore;
  webhook: WebhookDelivery;
  allowHttpWebhook: boolean;
  emit(event: WorldEvent): void;
}

export interface MethodResult {
  result: unknown;
  /** Some methods explain themselves beside `result`. */
  description?: string;
}

export type Method = (world: BotWorld, params: CallParams) => MethodResult | Promise<MethodResult>;
