import type { EngineContext } from "./engine/context.ts";
import { shoutToAdmins, type ShoutContext } from "./shout-to-admins.ts";

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
  context: ShoutContext & Pick<EngineContext, "clock">,
): void {
  alerts.listen((lines) => {
    shoutToAdmins(context, `venue:${context.clock.nowMs()}:${lines[0] ?? ""}`, lines);
  });
}
