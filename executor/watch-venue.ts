import type { EngineContext } from "./engine/context.ts";

/** Calls back with what operators have to know of the venue, once for each change. */
export type VenueAlerts = (listener: (lines: readonly string[]) => void) => void;

/** Tells operators what the venue found out by itself: in their chats, and over the webhook. */
export function watchVenue(
  onAlert: VenueAlerts,
  context: Pick<EngineContext, "store" | "notices" | "clock" | "shout" | "onFatal">,
): void {
  const { store, notices, clock, shout, onFatal } = context;
  onAlert((lines) => {
    shout(lines.join("\n"));
    const key = `venue:${clock.nowMs()}:${lines[0] ?? ""}`;
    store.transact((tx) => notices.alertAdmins(tx, key, lines)).catch(onFatal);
  });
}
