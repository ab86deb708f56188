import * as z from "zod";

/** Numeric ids stay below 2^52 in Telegram, so they are exact as numbers. */
export const userIdSchema = z.int().positive();
export const chatIdSchema = z.int();

export const actorSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("telegram"),
    userId: userIdSchema,
    /** Trading happens in private chats only, where the chat id is the user id. */
    chatId: chatIdSchema,
    name: z.string().max(128),
  }),
  z.strictObject({ kind: z.literal("cron"), name: z.string().max(64) }),
  z.strictObject({ kind: z.literal("admin") }),
]);

export type Actor = z.infer<typeof actorSchema>;
