import {
  createHash,
  createHmac,
  createPrivateKey,
  generateKeyPairSync,
  randomUUID,
  sign,
} from "node:crypto";
import { audienceOf, JOB_TYP, JWS_ALG, JWS_ISSUER, READ_TYP } from "@raptor/shared/wire/jws.ts";
import type { World } from "../local/start-world.ts";

type WorldFile = World["file"];
type Json = Record<string, unknown>;

/** A message to the executor, of which a forger may change any part. */
export interface Forgery {
  header?: Json;
  claims?: Json;
  job?: Json;
  /** Signs `<header>.<payload>`; the edge's own key by default. */
  sign?(signed: string): Buffer;
}

/** A job that would do real harm if it were believed: it stops all trading. */
export function haltingJob(): Json & { id: string } {
  return {
    id: `ui:${randomUUID()}`,
    actor: { kind: "admin" },
    createdMs: Date.now(),
    kind: "setTradingState",
    state: "halted",
    reason: "forged",
  };
}

/** A compact JWS like the edge makes it, with the forger's changes. */
export function forgeJob(file: WorldFile, forgery: Forgery = {}): string {
  const key = JSON.parse(file.edgeSigningJwk) as { kid: string };
  const nowS = Math.floor(Date.now() / 1_000);
  const header = { alg: JWS_ALG, kid: key.kid, typ: JOB_TYP, ...forgery.header };
  const claims = {
    iss: JWS_ISSUER,
    aud: audienceOf(file.environment),
    iat: nowS,
    exp: nowS + 60,
    jti: randomUUID(),
    job: forgery.job ?? haltingJob(),
    ...forgery.claims,
  };
  const signed = `${encode(header)}.${encode(claims)}`;
  const signature = (forgery.sign ?? edgeSignature(file))(signed);
  return `${signed}.${signature.toString("base64url")}`;
}

function edgeSignature(file: WorldFile): (signed: string) => Buffer {
  const { kid: _, ...jwk } = JSON.parse(file.edgeSigningJwk) as Record<string, string>;
  const key = createPrivateKey({ key: jwk, format: "jwk" });
  return (signed) => sign(null, Buffer.from(signed), key);
}

/** The classic trick: the public key taken for a shared secret. */
export function hmacWithPublicKey(file: WorldFile): (signed: string) => Buffer {
  const { x = "" } = JSON.parse(file.edgeSigningJwk) as Record<string, string>;
  const secret = Buffer.from(x, "base64url");
  return (signed) => createHmac("sha256", secret).update(signed).digest();
}

/** The signature header of a QStash delivery, of which a forger may change any part. */
export function signDelivery(options: {
  key: string;
  url: string;
  body?: string;
  nowS?: number;
}): string {
  const nowS = options.nowS ?? Math.floor(Date.now() / 1_000);
  const body = createHash("sha256")
    .update(options.body ?? "")
    .digest("base64url");
  const claims = {
    iss: "Upstash",
    sub: options.url,
    iat: nowS,
    nbf: nowS,
    exp: nowS + 300,
    jti: randomUUID(),
    body,
  };
  const signed = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
  return `${signed}.${createHmac("sha256", options.key).update(signed).digest("base64url")}`;
}

const stranger = generateKeyPairSync("ed25519").privateKey;

export interface ForgedPiece {
  name: string;
  body: string;
  status: number;
  reason: string;
}

/** Each of these would stop all trading if it were believed. */
export function forgeries(file: WorldFile): ForgedPiece[] {
  const nowS = Math.floor(Date.now() / 1_000);
  const good = forgeJob(file);
  const [header = "", payload = "", signature = ""] = good.split(".");
  const otherPayload = forgeJob(file, { job: haltingJob() }).split(".")[1] ?? "";
  const as = (reason: string, name: string, body: string, status = 401) => {
    return { name, body, status, reason };
  };
  return [
    as("signature", "another key under our kid", forgeJob(file, { sign: signAsStranger })),
    as("signature", "our signature over another job", `${header}.${otherPayload}.${signature}`),
    // 80 characters are 60 whole bytes; with stray bits it would not even be read.
    as("signature", "a signature cut short", good.slice(0, -6)),
    as("malformed", "a signature with stray bits", good.slice(0, -8)),
    as("malformed", "no signature", `${header}.${payload}`),
    as("malformed", "half a job", good.slice(0, header.length + 20)),
    as("malformed", "alg none without a signature", unsigned(file, "none")),
    as("malformed", "a key brought along", forgeJob(file, { header: { jwk: { kty: "OKP" } } })),
    as("malformed", "a header that asks for more", forgeJob(file, { header: { crit: ["b64"] } })),
    as("algorithm", "alg none over our signature", forgeJob(file, { header: { alg: "none" } })),
    as(
      "algorithm",
      "our public key as an HMAC secret",
      forgeJob(file, { header: { alg: "HS256" }, sign: hmacWithPublicKey(file) }),
    ),
    as("algorithm", "an older name of the algorithm", forgeJob(file, { header: { alg: "EdDSA" } })),
    as("type", "a read in the place of a job", forgeJob(file, { header: { typ: READ_TYP } })),
    as("type", "a plain token", forgeJob(file, { header: { typ: "JWT" } })),
    as("unknown-key", "a kid that nobody knows", forgeJob(file, { header: { kid: "edge-2019" } })),
    as("issuer", "another issuer", forgeJob(file, { claims: { iss: "somebody" } })),
    as(
      "audience",
      "the job of another environment",
      forgeJob(file, { claims: { aud: "raptor-executor:production" } }),
    ),
    as(
      "expired",
      "a job of two minutes ago",
      forgeJob(file, { claims: { iat: nowS - 120, exp: nowS - 60 } }),
    ),
    as("expired", "a job for a whole day", forgeJob(file, { claims: { exp: nowS + 86_400 } })),
    as(
      "not-yet-valid",
      "a job of tomorrow",
      forgeJob(file, { claims: { iat: nowS + 86_400, exp: nowS + 86_460 } }),
    ),
    as(
      "too-large",
      "a job of 40 KB",
      forgeJob(file, { claims: { padding: "x".repeat(40_000) } }),
      413,
    ),
    as(
      "shape",
      "an unknown kind",
      forgeJob(file, { job: { ...haltingJob(), kind: "withdraw" } }),
      422,
    ),
    as(
      "shape",
      "a field that no job has",
      forgeJob(file, { job: { ...haltingJob(), force: true } }),
      422,
    ),
  ];
}

export function signAsStranger(signed: string): Buffer {
  return sign(null, Buffer.from(signed), stranger);
}

export function unsigned(file: WorldFile, alg: string): string {
  return forgeJob(file, { header: { alg }, sign: () => Buffer.alloc(0) });
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
