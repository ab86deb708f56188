import type { AttemptRow } from "@raptor/shared/domain/rows.ts";
import { cleanField } from "@raptor/shared/values/safe-text.ts";
import { exactSol } from "./numbers.ts";

/**
 * Which way a trade takes and what the way itself costs, from the route that was journaled with the
 * attempt; undefined for one that was journaled before routes were told.
 */
export function routeWords({ route }: Pick<AttemptRow, "route">): string | undefined {
  const { router, label, poolFeeLamports: fee } = route;
  if (typeof router !== "string" || typeof label !== "string") return undefined;
  const name = cleanField(label);
  if (router !== "direct") return `Route: ${name}, by Jupiter`;
  const told =
    typeof fee === "string" && /^\d+$/.test(fee) ? ` · pool fee ${exactSol(fee)} SOL` : "";
  return `Route: ${name}, straight to the pool${told}`;
}
