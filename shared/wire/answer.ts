import * as z from "zod";
import { TRADING_STATES } from "../domain/trading-state.ts";

/**
 * What the executor says to `POST /jobs`. HTTP 202 accepted; 200 duplicate or refused for good;
 * 401 bad signature; 409 same id with another body; 413 too large; 422 invalid; 503 with
 * Retry-After while draining, starting or not the leader; 504 when it is recorded but the copy that
 * `MIRROR=sync` waits for does not have it yet.
 */
export const jobAnswerSchema = z.object({
  status: z.enum(["accepted", "duplicate", "refused", "error"]),
  jobId: z.string().optional(),
  /** For a pressed button: the text that the edge puts into the one answerCallbackQuery. */
  toast: z.string().max(200).optional(),
  toastIsAlert: z.boolean().optional(),
  /** For a typed message: a plain sentence that the edge relays, when no screen will follow. */
  sentence: z.string().max(1024).optional(),
  /** For a kill switch that is a duplicate: how trading stands now, whoever changed it since. */
  tradingState: z.enum(TRADING_STATES).optional(),
  /** The executor's epoch at the moment of the answer. */
  epoch: z.int().nonnegative(),
  /** A stable code for `error`. */
  code: z.string().optional(),
});

export type JobAnswer = z.infer<typeof jobAnswerSchema>;
