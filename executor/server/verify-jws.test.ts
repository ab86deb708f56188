import { createHmac, sign } from "node:crypto";
import { describe, it } from "vitest";
import { JOB_TYP, JWS_BYTES_MAX, JWS_ISSUER, READ_TYP } from "@raptor/shared/wire/jws.ts";
import { AUDIENCE, createTestKey, goodClaims, jwksOf, NOW_S, signToken } from "./jws-fixture.ts";
import { JwsVerifier } from "./verify-jws.ts";

const key = createTestKey("k1");
const verifier = new JwsVerifier(jwksOf(key), AUDIENCE);
const base64url = (value: string | Buffer): string => Buffer.from(value).toString("base64url");

/** A token with any header and any payload under a signature that holds. */
function forge(header: unknown, payload: unknown = goodClaims()): string {
  const text = (value: unknown): string =>
    typeof value === "string" ? value : JSON.stringify(value);
  const head = `${base64url(text(header))}.${base64url(text(payload))}`;
  return `${head}.${base64url(sign(null, Buffer.from(head), key.privateKey))}`;
}

function outcomeOf(token: string, nowS = NOW_S, typ = JOB_TYP): string {
  const result = verifier.verify(token, typ, nowS * 1_000);
  return result.ok ? "ok" : result.problem;
}

const header = { alg: "Ed25519", kid: "k1", typ: JOB_TYP };

describe("headers", () => {
  it.for<[string, unknown, string]>([
    ["the right one", header, "ok"],
    ["no algorithm", { ...header, alg: "none" }, "algorithm"],
    ["a shared secret", { ...header, alg: "HS256" }, "algorithm"],
    ["the older name of the curve", { ...header, alg: "EdDSA" }, "algorithm"],
    ["another curve", { ...header, alg: "ES256" }, "algorithm"],
    ["an unencoded payload", { ...header, b64: false, crit: ["b64"] }, "malformed"],
    ["b64 alone", { ...header, b64: true }, "malformed"],
    ["critical members", { ...header, crit: ["exp"] }, "malformed"],
    ["a key of the sender's own", { ...header, jwk: key.publicJwk }, "malformed"],
    ["a key address", { ...header, jku: "https://example.com/jwks" }, "malformed"],
    ["a certificate", { ...header, x5c: ["AA"] }, "malformed"],
    ["compression", { ...header, zip: "DEF" }, "malformed"],
    ["no key id", { alg: "Ed25519", typ: JOB_TYP }, "malformed"],
    ["no type", { alg: "Ed25519", kid: "k1" }, "malformed"],
    ["a key id that is a number", { ...header, kid: 1 }, "malformed"],
    ["a list of key ids", { ...header, kid: ["k1"] }, "malformed"],
    ["an unknown key id", { ...header, kid: "k2" }, "unknown-key"],
    ["a name that every object has", { ...header, kid: "constructor" }, "unknown-key"],
    ["a very long key id", { ...header, kid: "k".repeat(129) }, "malformed"],
    ["the type of a read", { ...header, typ: READ_TYP }, "type"],
    ["a type in other letters", { ...header, typ: JOB_TYP.toUpperCase() }, "type"],
    ["a type with a prefix", { ...header, typ: `application/${JOB_TYP}` }, "type"],
    ["a second algorithm", `{"alg":"none","alg":"HS256","kid":"k1","typ":"x"}`, "algorithm"],
    ["a list", [header], "malformed"],
    ["null", null, "malformed"],
    ["no JSON", "{", "malformed"],
  ])("with %s are judged", ([, given, expected], { expect }) => {
    expect(outcomeOf(forge(given))).toBe(expected);
  });

  it("never turn the public key into a shared secret", ({ expect }) => {
    const head = `${base64url(JSON.stringify({ ...header, alg: "HS256" }))}.${base64url(JSON.stringify(goodClaims()))}`;
    const secret = Buffer.from(key.publicJwk.x, "base64url");
    const mac = createHmac("sha256", secret).update(head).digest("base64url");
    expect(outcomeOf(`${head}.${mac}`)).toBe("algorithm");
  });
});

describe("shapes", () => {
  const good = forge(header);
  const [head = "", body = "", signature = ""] = good.split(".");
  it.for<[string, string, string]>([
    ["as signed", good, "ok"],
    ["without a signature", `${head}.${body}.`, "malformed"],
    ["with two parts", `${head}.${body}`, "malformed"],
    ["with four parts", `${good}.${body}`, "malformed"],
    ["with padding", `${head}.${body}.${signature}==`, "malformed"],
    ["with white space", `${head}.${body}. ${signature}`, "malformed"],
    ["with a line break", `${good}\n`, "malformed"],
    ["in the other alphabet", `${head}.${body}.${"+/".repeat(43)}`, "malformed"],
    ["with a short signature", `${head}.${body}.${base64url(Buffer.alloc(63))}`, "signature"],
    ["with a long signature", `${head}.${body}.${base64url(Buffer.alloc(65))}`, "signature"],
    ["with a signature of zeros", `${head}.${body}.${base64url(Buffer.alloc(64))}`, "signature"],
    ["with another body", `${head}.${base64url("{}")}.${signature}`, "signature"],
    ["empty", "", "malformed"],
    ["at the limit", "a".repeat(JWS_BYTES_MAX), "malformed"],
    ["over the limit", "a".repeat(JWS_BYTES_MAX + 1), "too-large"],
  ])("%s are judged", ([, token, expected], { expect }) => {
    expect(outcomeOf(token)).toBe(expected);
  });
});

describe("claims", () => {
  it.for<[string, Record<string, unknown>, string]>([
    ["of another issuer", { iss: "someone" }, "issuer"],
    ["for another environment", { aud: "raptor-executor:production" }, "audience"],
    ["for several audiences", { aud: [AUDIENCE] }, "malformed"],
    ["without a time", { iat: undefined }, "malformed"],
    ["without an end", { exp: undefined }, "malformed"],
    ["with a time in text", { exp: String(NOW_S + 60) }, "malformed"],
    ["with a broken second", { iat: NOW_S + 0.5 }, "malformed"],
    ["with a short id", { jti: "1234567" }, "malformed"],
    ["with a huge end", { exp: 1e300 }, "malformed"],
    ["that live for a second too long", { exp: NOW_S + 61 }, "expired"],
    ["that end before they begin", { exp: NOW_S - 6 }, "expired"],
    ["with members of their own", { job: { kind: "pause" } }, "ok"],
  ])("%s are judged", async ([, over, expected], { expect }) => {
    expect(outcomeOf(await signToken(key, { claims: goodClaims(over) }))).toBe(expected);
  });

  it("are believed from five seconds before until just before 65 seconds after", async ({
    expect,
  }) => {
    const token = await signToken(key);
    const at = (offsetS: number): string => outcomeOf(token, NOW_S + offsetS);
    expect([-6, -5, 0, 64, 65].map(at)).toEqual(["not-yet-valid", "ok", "ok", "ok", "expired"]);
    const inMs = verifier.verify(token, JOB_TYP, (NOW_S + 65) * 1_000 - 1);
    expect(inMs.ok).toBe(true);
  });

  it("come back as they were signed", async ({ expect }) => {
    const token = await signToken(key, { claims: goodClaims({ job: { id: "x" } }) });
    const result = verifier.verify(token, JOB_TYP, NOW_S * 1_000);
    expect(result).toEqual({ ok: true, claims: goodClaims({ job: { id: "x" }, iss: JWS_ISSUER }) });
  });
});

describe("key sets", () => {
  const { publicJwk } = key;
  it.for<[string, unknown]>([
    ["no keys", { keys: [] }],
    ["nine keys", { keys: Array.from({ length: 9 }, (_, at) => ({ ...publicJwk, kid: `${at}` })) }],
    ["one name twice", { keys: [publicJwk, createTestKey("k1").publicJwk] }],
    ["a private key", { keys: [{ ...publicJwk, d: publicJwk.x }] }],
    ["a key of another curve", { keys: [{ ...publicJwk, crv: "X25519" }] }],
    ["a symmetric key", { keys: [{ kty: "oct", k: "AAAA", kid: "k1" }] }],
    ["a short key", { keys: [{ ...publicJwk, x: "AAAA" }] }],
    ["a key without a name", { keys: [{ ...publicJwk, kid: undefined }] }],
    ["a bare key", publicJwk],
  ])("with %s are refused at start", ([, jwks], { expect }) => {
    expect(() => new JwsVerifier(JSON.stringify(jwks), AUDIENCE)).toThrow();
  });

  it("with two keys let both sign during a rotation", async ({ expect }) => {
    const next = createTestKey("k2");
    const both = new JwsVerifier(jwksOf(key, next), AUDIENCE);
    for (const one of [key, next]) {
      expect(both.verify(await signToken(one), JOB_TYP, NOW_S * 1_000).ok).toBe(true);
    }
  });

  it("never show a private key in the problem that they report", ({ expect }) => {
    const jwks = JSON.stringify({ keys: [{ ...publicJwk, d: "a-very-private-scalar" }] });
    expect(() => new JwsVerifier(jwks, AUDIENCE)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("very-private") as string }),
    );
  });
});
