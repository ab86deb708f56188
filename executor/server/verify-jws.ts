import { createPublicKey, verify, type KeyObject } from "node:crypto";
import { z } from "zod";
import {
  JWS_ALG,
  JWS_BYTES_MAX,
  JWS_ISSUER,
  JWS_SKEW_S,
  JWS_TTL_S,
} from "@raptor/shared/wire/jws.ts";

/** Why a signed message is not believed. The words go into metrics and logs, never the message. */
export type JwsProblem =
  | "malformed"
  | "too-large"
  | "algorithm"
  | "type"
  | "unknown-key"
  | "signature"
  | "issuer"
  | "audience"
  | "expired"
  | "not-yet-valid";

export type JwsResult =
  | { ok: true; claims: Readonly<Record<string, unknown>> }
  | { ok: false; problem: JwsProblem };

const headerSchema = z.strictObject({
  alg: z.string(),
  kid: z.string().max(128),
  typ: z.string(),
});
const timesSchema = z.looseObject({
  iss: z.string(),
  aud: z.string(),
  iat: z.int(),
  exp: z.int(),
  jti: z.string().min(8).max(64),
});
const jwksSchema = z.object({
  keys: z
    .array(
      z.looseObject({
        kty: z.literal("OKP"),
        crv: z.literal("Ed25519"),
        x: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
        kid: z.string().min(1).max(128),
        d: z.never().optional(),
      }),
    )
    .min(1)
    .max(8)
    // With two keys of one name a rotation would silently trust only the one listed last.
    .refine((keys) => new Set(keys.map(({ kid }) => kid)).size === keys.length, "kids repeat"),
});

/** @throws when the text is not a JWKS of public Ed25519 keys with different names. */
export function parseJwks(text: string): z.infer<typeof jwksSchema>["keys"] {
  return jwksSchema.parse(JSON.parse(text)).keys;
}

/**
 * Checks compact JWS made by the edge: EdDSA over Ed25519 only, header members alg, kid and typ
 * only, keys from a static set. Synchronous, so that the simulator stays deterministic; jose
 * serves as the oracle in its test.
 */
export class JwsVerifier {
  readonly #keys = new Map<string, KeyObject>();
  readonly #audience: string;

  /** @throws when the key set is not a JWKS of public Ed25519 keys. */
  constructor(jwksText: string, audience: string) {
    this.#audience = audience;
    for (const jwk of parseJwks(jwksText)) {
      const { kty, crv, x } = jwk;
      this.#keys.set(jwk.kid, createPublicKey({ key: { kty, crv, x }, format: "jwk" }));
    }
  }

  verify(jws: string, typ: string, nowMs: number): JwsResult {
    if (jws.length > JWS_BYTES_MAX) return fail("too-large");
    const parts = jws.split(".");
    if (parts.length !== 3 || !parts.every(isCanonicalBase64Url)) return fail("malformed");
    const [headerPart = "", payloadPart = "", signaturePart = ""] = parts;
    const header = headerSchema.safeParse(parseJson(headerPart));
    if (!header.success) return fail("malformed");
    if (header.data.alg !== JWS_ALG) return fail("algorithm");
    if (header.data.typ !== typ) return fail("type");
    const key = this.#keys.get(header.data.kid);
    if (key === undefined) return fail("unknown-key");
    const signature = Buffer.from(signaturePart, "base64url");
    const signed = Buffer.from(`${headerPart}.${payloadPart}`);
    if (signature.length !== 64 || !verify(null, signed, key, signature)) return fail("signature");
    return this.#checkClaims(parseJson(payloadPart), Math.floor(nowMs / 1_000));
  }

  #checkClaims(payload: unknown, nowS: number): JwsResult {
    const claims = timesSchema.safeParse(payload);
    if (!claims.success) return fail("malformed");
    const { iss, aud, iat, exp } = claims.data;
    if (iss !== JWS_ISSUER) return fail("issuer");
    if (aud !== this.#audience) return fail("audience");
    if (iat > nowS + JWS_SKEW_S) return fail("not-yet-valid");
    if (exp <= nowS - JWS_SKEW_S || exp - iat > JWS_TTL_S) return fail("expired");
    return { ok: true, claims: claims.data };
  }
}

function fail(problem: JwsProblem): JwsResult {
  return { ok: false, problem };
}

/** One spelling only: Node's decoder would also take padding, other alphabets and stray bits. */
function isCanonicalBase64Url(part: string): boolean {
  return part !== "" && Buffer.from(part, "base64url").toString("base64url") === part;
}

function parseJson(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  } catch {
    // Not JSON is one of the shapes that the schema refuses.
    return undefined;
  }
}
