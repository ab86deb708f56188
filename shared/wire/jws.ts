import * as z from "zod";
import { jobSchema } from "./job.ts";
import { readSchema } from "./read.ts";

/** Fully specified Ed25519 of RFC 9864; no other algorithm is ever accepted. */
export const JWS_ALG = "Ed25519";
export const JOB_TYP = "raptor-job+jwt";
export const READ_TYP = "raptor-read+jwt";
export const JWS_ISSUER = "raptor-edge";
export const JWS_CONTENT_TYPE = "application/jose";
/** Seconds between `iat` and `exp` of one delivery attempt. */
export const JWS_TTL_S = 60;
/** Seconds of clock difference that are forgiven. */
export const JWS_SKEW_S = 5;
/** A compact JWS longer than this is refused unread. */
export const JWS_BYTES_MAX = 32 * 1024;

/** The audience names the environment, so that a staging job never runs in production. */
export function audienceOf(environment: string): string {
  return `raptor-executor:${environment}`;
}

const claimsHead = {
  iss: z.literal(JWS_ISSUER),
  aud: z.string(),
  iat: z.int(),
  exp: z.int(),
  jti: z.string().min(8).max(64),
};

export const jobClaimsSchema = z.strictObject({
  ...claimsHead,
  job: jobSchema,
  /** The job waited in the queue: nobody reads the answer, so what it says becomes a notice. */
  redelivered: z.literal(true).optional(),
});
export const readClaimsSchema = z.strictObject({ ...claimsHead, read: readSchema });
export type JobClaims = z.infer<typeof jobClaimsSchema>;
export type ReadClaims = z.infer<typeof readClaimsSchema>;
