import type { AttemptRow } from "@raptor/shared/domain/rows.ts";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { z } from "zod";

/** What an attempt's journaled route says about whose balances it moves. */
const attemptRoute = z.object({
  wallet: z.string(),
  mint: z.string(),
  side: z.enum(["buy", "sell"]),
  tokenAccount: z.string(),
});
export type AttemptRoute = z.infer<typeof attemptRoute>;

/** @throws RAPTOR_VENUE__BAD_ANSWER when the row was not prepared by this venue. */
export function parseAttemptRoute(attempt: AttemptRow): AttemptRoute {
  const parsed = attemptRoute.safeParse(attempt.route);
  if (parsed.success) return parsed.data;
  throw new RaptorError("RAPTOR_VENUE__BAD_ANSWER", {
    attemptId: attempt.attemptId,
    reason: "the attempt's route was not written by this venue",
  });
}
