import fc from "fast-check";
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from "jose";
import { describe, it } from "vitest";
import {
  JOB_TYP,
  JWS_ALG,
  JWS_ISSUER,
  JWS_SKEW_S,
  JWS_TTL_S,
  READ_TYP,
} from "@raptor/shared/wire/jws.ts";
import { AUDIENCE, createTestKey, goodClaims, jwksOf, NOW_S, signToken } from "./jws-fixture.ts";
import { JwsVerifier } from "./verify-jws.ts";

const trusted = [createTestKey("k1"), createTestKey("k2")] as const;
const stranger = createTestKey("k1");
const jwks = jwksOf(...trusted);
const verifier = new JwsVerifier(jwks, AUDIENCE);
const keySet = createLocalJWKSet(JSON.parse(jwks) as JSONWebKeySet);

/** The oracle: jose, set to the same rules as far as it knows them. */
async function isBelievedByJose(token: string): Promise<boolean> {
  try {
    await jwtVerify(token, keySet, {
      algorithms: [JWS_ALG],
      issuer: JWS_ISSUER,
      audience: AUDIENCE,
      typ: JOB_TYP,
      clockTolerance: JWS_SKEW_S,
      maxTokenAge: JWS_TTL_S,
      currentDate: new Date(NOW_S * 1_000),
      requiredClaims: ["jti", "exp", "iat"],
    });
    return true;
  } catch {
    return false;
  }
}

const isBelieved = (token: string): boolean => verifier.verify(token, JOB_TYP, NOW_S * 1_000).ok;

/** Good in half of the cases for each claim, so that whole good tokens come often. */
const signed = fc.record({
  key: fc.constantFrom(trusted[0], trusted[0], trusted[1], stranger),
  typ: fc.constantFrom(JOB_TYP, JOB_TYP, JOB_TYP, READ_TYP, "JWT"),
  iss: fc.constantFrom(JWS_ISSUER, JWS_ISSUER, JWS_ISSUER, "someone"),
  aud: fc.constantFrom(AUDIENCE, AUDIENCE, AUDIENCE, "raptor-executor:production"),
  iat: fc.oneof(fc.constant(NOW_S), fc.integer({ min: NOW_S - 80, max: NOW_S + 20 })),
  ttl: fc.integer({ min: -10, max: JWS_TTL_S }),
});

describe("a signed message", () => {
  it("is believed exactly when jose believes it", async ({ expect }) => {
    const seen = { yes: 0, no: 0 };
    await fc.assert(
      fc.asyncProperty(signed, async ({ key, typ, iss, aud, iat, ttl }) => {
        const claims = goodClaims({ iss, aud, iat, exp: iat + ttl });
        const token = await signToken(key, { claims, typ });
        const oracle = await isBelievedByJose(token);
        seen[oracle ? "yes" : "no"]++;
        expect(isBelieved(token)).toBe(oracle);
      }),
      { seed: 11, numRuns: 1_000 },
    );
    expect(Math.min(seen.yes, seen.no)).toBeGreaterThan(100);
  });

  it("is no longer believed after any change of its text", async ({ expect }) => {
    const token = await signToken(trusted[0]);
    expect(isBelieved(token)).toBe(true);
    const at = fc.nat({ max: token.length - 1 });
    const char = fc.constantFrom(..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcxyz0189-_.=+/ \n\u00e9");
    const mutated = fc.oneof(
      fc.tuple(at, char).map(([i, c]) => token.slice(0, i) + c + token.slice(i + 1)),
      fc.tuple(at, char).map(([i, c]) => token.slice(0, i) + c + token.slice(i)),
      at.map((i) => token.slice(0, i) + token.slice(i + 1)),
      at.map((i) => token.slice(0, i)),
      fc.tuple(at, at).map(([i, j]) => token.slice(0, i) + token.slice(j)),
      fc.shuffledSubarray(token.split("."), { minLength: 3 }).map((parts) => parts.join(".")),
    );
    await fc.assert(
      fc.asyncProperty(mutated, async (text) => {
        fc.pre(text !== token);
        expect(isBelieved(text)).toBe(false);
      }),
      { seed: 12, numRuns: 3_000 },
    );
  });

  it("is never believed when its last characters are other ones", async ({ expect }) => {
    const token = await signToken(trusted[0]);
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const twins = [...alphabet].map((char) => token.slice(0, -1) + char);
    expect(twins.filter(isBelieved)).toEqual([token]);
  });
});
