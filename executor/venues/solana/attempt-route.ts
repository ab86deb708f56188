import type { AttemptRow } from "@raptor/shared/domain/rows.ts";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { z } from "zod";
import { type Landing, PLAIN_LANDING } from "./lane.ts";
import { TIP_TAKERS } from "./tip-accounts.ts";

const lamportsText = z
  .string()
  .regex(/^\d{1,20}$/)
  .transform(BigInt);

/** What an attempt's journaled route says about whose balances it moves. */
const attemptRoute = z.object({
  wallet: z.string(),
  mint: z.string(),
  side: z.enum(["buy", "sell"]),
  tokenAccount: z.string(),
  /** A node had told this slot before the bytes were made; older releases did not note it. */
  madeAtSlot: z.number().int().nonnegative().optional(),
  /** Attempts of older releases tip nobody. */
  tipLamports: lamportsText.default(0n),
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

const landingSchema = z.object({
  landing: z.object({
    isProtected: z.boolean(),
    plainAfterSlots: z.number().int().nonnegative().nullable(),
    tips: z.array(
      z.object({
        taker: z.enum(TIP_TAKERS),
        account: z.string(),
        lamports: lamportsText,
      }),
    ),
  }),
});

/** How an attempt is to be landed; one that was journaled before there was a choice goes plain. */
export function parseLanding({ route }: Pick<AttemptRow, "route">): Landing {
  const parsed = landingSchema.safeParse(route);
  if (!parsed.success) return PLAIN_LANDING;
  const { plainAfterSlots, ...landing } = parsed.data.landing;
  return { ...landing, plainAfterSlots: plainAfterSlots ?? undefined };
}

export function encodeLanding(landing: Landing): z.input<typeof landingSchema> {
  const { isProtected, plainAfterSlots = null } = landing;
  const tips = landing.tips.map(({ lamports, ...tip }) => ({ ...tip, lamports: String(lamports) }));
  return { landing: { isProtected, plainAfterSlots, tips } };
}
