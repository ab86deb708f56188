import type { OrderRow } from "@raptor/shared/domain/rows.ts";
import type { Reader } from "../ports/store.ts";
import type { RouteRequest } from "../ports/venue.ts";

/** What the person has chosen for orders like this one; nothing: as the desk's settings say. */
export function protectOf(
  reader: Pick<Reader, "mevChoice">,
  { userId }: Pick<OrderRow, "userId">,
): Pick<RouteRequest, "protect"> {
  const protect = reader.mevChoice(userId)?.protect ?? "default";
  return protect === "default" ? {} : { protect };
}
