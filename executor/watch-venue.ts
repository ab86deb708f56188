import type { EngineContext } from "./engine/context.ts";

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
  context: Pick<EngineContext, "store" | "notices" | "clock" | "shout" | "onFatal">,
): void {
  const { store, notices, clock, shout, onFatal } = context;
  alerts.listen((lines) => {
    shout(lines.join("\n"));
    const key = `venue:${clock.nowMs()}:${lines[0] ?? ""}`;
    store.transact((tx) => notices.alertAdmins(tx, key, lines)).catch(onFatal);
  });
}
