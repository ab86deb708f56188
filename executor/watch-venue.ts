import type { EngineContext } from "./engine/context.ts";
import { isJournalTrouble, reportJournalTrouble } from "./engine/journal-trouble.ts";

/** What operators have to know of the venue, which is there before whoever can tell them. */
export class VenueAlerts {
  readonly #listeners: ((lines: readonly string[]) => void)[] = [];

  tell(lines: readonly string[]): void {
    for (const listener of this.#listeners) listener(lines);
  }

  listen(listener: (lines: readonly string[]) => void): void {
    this.#listeners.push(listener);
  }
}

/** Tells operators what the venue found out by itself: in their chats, and over the webhook. */
export function watchVenue(
  alerts: VenueAlerts,
  context: Pick<EngineContext, "store" | "notices" | "clock" | "log" | "shout" | "onFatal">,
): void {
  const { store, notices, clock, shout, onFatal } = context;
  alerts.listen((lines) => {
    shout(lines.join("\n"));
    const key = `venue:${clock.nowMs()}:${lines[0] ?? ""}`;
    store
      .transact((tx) => notices.alertAdmins(tx, key, lines))
      .catch((error: unknown) => {
        // The webhook has it already; a disk that takes no writes must not end the watch on exits.
        if (isJournalTrouble(error)) reportJournalTrouble(context, error);
        else onFatal(error);
      });
  });
}
