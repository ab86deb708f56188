import type { EngineContext } from "./engine/context.ts";
import { isJournalTrouble, reportJournalTrouble } from "./engine/journal-trouble.ts";

export type ShoutContext = Pick<EngineContext, "store" | "notices" | "log" | "shout" | "onFatal">;

/**
 * Tells operators over the webhook at once and in their chats by the outbox. The webhook has it
 * already when the disk takes no writes, and that must not end the watch on exits.
 */
export function shoutToAdmins(context: ShoutContext, key: string, lines: readonly string[]): void {
  const { store, notices, shout, onFatal } = context;
  shout(lines.join("\n"));
  store
    .transact((tx) => notices.alertAdmins(tx, key, lines))
    .catch((error: unknown) => {
      if (isJournalTrouble(error)) reportJournalTrouble(context, error);
      else onFatal(error);
    });
}
