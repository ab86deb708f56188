import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";

/** What a restore has built, whole, until it takes the journal's name. */
export function incomingPathOf(path: string): string {
  return join(dirname(path), "journal.incoming.db");
}

/**
 * A restore that was cut short may have moved the old journal aside already. An empty one must not
 * take its place: nobody would be known, and no exit watched.
 * @throws RAPTOR_RESTORE__REFUSED
 */
export function assertNoneIncoming(path: string): void {
  if (existsSync(path) || !existsSync(incomingPathOf(path))) return;
  const reason =
    "a restore was cut short and no journal stands here. Nothing was changed and nothing is " +
    "traded. What to do: run raptor restore again, or remove journal.incoming.db to begin anew";
  throw new RaptorError("RAPTOR_RESTORE__REFUSED", { reason });
}
