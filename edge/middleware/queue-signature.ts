import { errors, jwtVerify } from "jose";
import * as z from "zod";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { EdgeEnv } from "../env.ts";
import { encodeBase64Url, sha256 } from "./constant-time.ts";

export const QUEUE_SIGNATURE_HEADER = "upstash-signature";
/** Seconds that QStash's clock may differ from ours. */
const SKEW_S = 5;
const claimsSchema = z.object({ body: z.string() });

/** Why a delivery is not QStash's; a closed list, used as a metric label. */
export type QueueSignatureProblem = "missing" | "signature" | "expired" | "claims" | "body";

/**
 * Checks that QStash sent exactly this body to exactly this URL, with the current signing key or
 * the next one. Keys roll: the next one is tried only when the current one did not sign.
 */
export async function checkQueueSignature(
  env: Pick<EdgeEnv, "QSTASH_CURRENT_SIGNING_KEY" | "QSTASH_NEXT_SIGNING_KEY">,
  clock: Clock,
  delivery: { signature: string | null; url: string; bytes: Uint8Array<ArrayBuffer> },
): Promise<QueueSignatureProblem | undefined> {
  if (delivery.signature === null) return "missing";
  for (const key of [env.QSTASH_CURRENT_SIGNING_KEY, env.QSTASH_NEXT_SIGNING_KEY]) {
    try {
      const { payload } = await jwtVerify(
        delivery.signature,
        new TextEncoder().encode(key.reveal()),
        {
          algorithms: ["HS256"],
          issuer: "Upstash",
          subject: delivery.url,
          requiredClaims: ["iss", "sub", "exp", "nbf", "body"],
          clockTolerance: SKEW_S,
          currentDate: new Date(clock.nowMs()),
        },
      );
      return (await isBodyOf(payload, delivery.bytes)) ? undefined : "body";
    } catch (error) {
      if (error instanceof errors.JWSSignatureVerificationFailed) continue;
      if (error instanceof errors.JWTExpired) return "expired";
      return error instanceof errors.JWTClaimValidationFailed ? "claims" : "signature";
    }
  }
  return "signature";
}

async function isBodyOf(payload: unknown, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const claims = claimsSchema.safeParse(payload);
  if (!claims.success) return false;
  const given = claims.data.body.replace(/=+$/, "");
  return given === encodeBase64Url(await sha256(bytes));
}
