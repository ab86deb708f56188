import { compactVerify, decodeProtectedHeader, importJWK, SignJWT } from "jose";
import type { IdSource } from "@raptor/shared/seams/chance.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Job } from "@raptor/shared/wire/job.ts";
import {
  audienceOf,
  JOB_TYP,
  jobClaimsSchema,
  JWS_ALG,
  JWS_BYTES_MAX,
  JWS_ISSUER,
  JWS_TTL_S,
  READ_TYP,
} from "@raptor/shared/wire/jws.ts";
import type { Read } from "@raptor/shared/wire/read.ts";
import type { EdgeEnv } from "../env.ts";

export interface JobSigner {
  /** A compact JWS for one delivery attempt: the job's id is stable, `jti` and times are not. */
  signJob(job: Job, isRedelivered?: boolean): Promise<string>;
  signRead(read: Read): Promise<string>;
  /**
   * The job inside a JWS that this edge signed itself, however long ago, and also under a key that
   * is retired by now: the executor decides about deadlines. Undefined for everything else, without
   * a reason that would help a forger.
   */
  verifyOwnJob(jws: string): Promise<Job | undefined>;
}

const JTI_BYTES = 16;

export function createJobSigner(
  settings: Pick<EdgeEnv, "ENVIRONMENT" | "EDGE_SIGNING_JWK" | "EDGE_RETIRED_JWKS">,
  clock: Clock,
  ids: IdSource,
): JobSigner {
  const { kid, publicX, privateD } = settings.EDGE_SIGNING_JWK;
  const audience = audienceOf(settings.ENVIRONMENT);
  const jwkOf = (x: string) => ({ kty: "OKP", crv: "Ed25519", x });
  const privateKey = once(() => importJWK({ ...jwkOf(publicX), d: privateD.reveal() }, JWS_ALG));
  // The present key comes last, so that no retired one of its name takes its place.
  const publicKeys = new Map(
    [...(settings.EDGE_RETIRED_JWKS ?? []), { kid, publicX }].map((key) => [
      key.kid,
      once(() => importJWK(jwkOf(key.publicX), JWS_ALG)),
    ]),
  );

  async function sign(
    typ: string,
    claims: { job: Job; redelivered?: true } | { read: Read },
  ): Promise<string> {
    const issuedS = Math.floor(clock.nowMs() / 1_000);
    return new SignJWT(claims)
      .setProtectedHeader({ alg: JWS_ALG, kid, typ })
      .setIssuer(JWS_ISSUER)
      .setAudience(audience)
      .setIssuedAt(issuedS)
      .setExpirationTime(issuedS + JWS_TTL_S)
      .setJti(ids.token(JTI_BYTES))
      .sign(await privateKey());
  }

  async function verifyOwnJob(jws: string): Promise<Job | undefined> {
    if (jws.length > JWS_BYTES_MAX) return undefined;
    try {
      const publicKey = publicKeys.get(decodeProtectedHeader(jws).kid ?? "");
      if (publicKey === undefined) return undefined;
      const verified = await compactVerify(jws, await publicKey(), { algorithms: [JWS_ALG] });
      if (verified.protectedHeader.typ !== JOB_TYP) return undefined;
      const claims = jobClaimsSchema.parse(JSON.parse(new TextDecoder().decode(verified.payload)));
      return claims.aud === audience ? claims.job : undefined;
    } catch {
      // Every way of being wrong is the same to the caller, who counts and logs the refusal.
      return undefined;
    }
  }

  return {
    signJob: (job, isRedelivered = false) =>
      sign(JOB_TYP, isRedelivered ? { job, redelivered: true } : { job }),
    signRead: (read) => sign(READ_TYP, { read }),
    verifyOwnJob,
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
