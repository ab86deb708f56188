import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { SignJWT } from "jose";
import { audienceOf, JOB_TYP, JWS_ALG, JWS_ISSUER } from "@raptor/shared/wire/jws.ts";

export const NOW_S = 1_790_000_000;
export const AUDIENCE = audienceOf("test");

export interface TestKey {
  kid: string;
  privateKey: KeyObject;
  publicJwk: { kty: string; crv: string; x: string; kid: string };
}

export function createTestKey(kid: string): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const { x = "" } = publicKey.export({ format: "jwk" });
  return { kid, privateKey, publicJwk: { kty: "OKP", crv: "Ed25519", x, kid } };
}

export function jwksOf(...keys: readonly TestKey[]): string {
  return JSON.stringify({ keys: keys.map(({ publicJwk }) => publicJwk) });
}

export function goodClaims(over: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const times = { iat: NOW_S, exp: NOW_S + 60 };
  return { iss: JWS_ISSUER, aud: AUDIENCE, ...times, jti: "jti-0123456789", ...over };
}

/** Signs as the edge does, through jose; every part may be another one. */
export function signToken(
  key: TestKey,
  options: { claims?: Record<string, unknown>; typ?: string } = {},
): Promise<string> {
  return new SignJWT(options.claims ?? goodClaims())
    .setProtectedHeader({ alg: JWS_ALG, kid: key.kid, typ: options.typ ?? JOB_TYP })
    .sign(key.privateKey);
}
