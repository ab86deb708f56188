import { createHash, createHmac } from "node:crypto";
import type { Prng } from "@raptor/shared/seams/chance.ts";

export interface QstashKeys {
  current: string;
  next: string;
}

export type SigningKeyChoice = "current" | "next" | "wrong";

const LIFETIME_S = 300;
const ID_CHARS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/** `msg_`, `scd_`, `sig_` ... plus characters of the seeded generator. */
export function generateQstashId(prng: Prng, prefix: string): string {
  let id = prefix;
  for (let index = 0; index < 27; index += 1) id += ID_CHARS[prng.nextInt(ID_CHARS.length)];
  return id;
}

/** Holds the two signing keys and makes the `Upstash-Signature` of a delivery. */
export class QstashSigner {
  readonly #prng: Prng;
  readonly #nowMs: () => number;
  #keys: QstashKeys;
  /** Which key signs from now on; a test can leave the current one. */
  choice: SigningKeyChoice = "current";
  /** Moves the times inside the signature, to make it expired or not yet valid. */
  skewMs = 0;

  constructor(keys: QstashKeys, prng: Prng, nowMs: () => number) {
    this.#keys = keys;
    this.#prng = prng;
    this.#nowMs = nowMs;
  }

  keys(): QstashKeys {
    return this.#keys;
  }

  rotate(): QstashKeys {
    this.#keys = { current: this.#keys.next, next: generateQstashId(this.#prng, "sig_") };
    return this.#keys;
  }

  /** HS256 over the body's hash; the hash keeps its base64 padding as the real service does. */
  sign(url: string, body: Buffer): string {
    const nowS = Math.floor((this.#nowMs() + this.skewMs) / 1_000);
    const hash = createHash("sha256").update(body).digest("base64");
    const claims = {
      body: hash.replaceAll("+", "-").replaceAll("/", "_"),
      exp: nowS + LIFETIME_S,
      iat: nowS,
      iss: "Upstash",
      jti: generateQstashId(this.#prng, "jwt_"),
      nbf: nowS,
      sub: url,
    };
    const signed = `${encodePart({ alg: "HS256", typ: "JWT" })}.${encodePart(claims)}`;
    const mac = createHmac("sha256", this.#chosenKey()).update(signed).digest("base64url");
    return `${signed}.${mac}`;
  }

  #chosenKey(): string {
    if (this.choice === "wrong") return "sig_of-somebody-else";
    return this.#keys[this.choice];
  }
}

function encodePart(value: unknown): string {
  return Buffer.from(JSON.stringify(value), "utf8").toString("base64url");
}
