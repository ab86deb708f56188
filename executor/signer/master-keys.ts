import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { wipe } from "./wipe.ts";

const KEY_BYTES = 32;
/** Rotation needs two; the rest is room for wallets that were not re-wrapped yet. */
const KEYS_MAX = 16;
/** 32 random bytes hold fewer than 18 different values about once in half a billion keys. */
const DISTINCT_BYTES_MIN = 18;
/** 28 printable characters among 32 random bytes happen about once in two hundred million keys. */
const PRINTABLE_BYTES_MAX = 27;
const ADVICE = "make one with: openssl rand -base64 32";

/** The keys that wrap every wallet's data key. Shows nothing of itself in logs or errors. */
export class MasterKeys {
  readonly #keys: ReadonlyMap<string, Buffer>;
  readonly currentKid: string;

  constructor(keys: ReadonlyMap<string, Buffer>, currentKid: string) {
    this.#keys = keys;
    this.currentKid = currentKid;
  }

  find(kid: string): Buffer | undefined {
    return this.#keys.get(kid);
  }

  toJSON(): string {
    return "[secret]";
  }
}

/**
 * Reads `kid:base64,kid2:base64`: the first key wraps new wallets, the others open older ones.
 * @throws RAPTOR_ENV__INVALID naming the kid and the problem, never the key.
 */
export function parseMasterKeys(text: string): MasterKeys {
  const entries = text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
  if (entries.length === 0) throw weak("", `expected at least one kid:base64 pair; ${ADVICE}`);
  if (entries.length > KEYS_MAX) throw weak("", `expected at most ${KEYS_MAX} keys`);
  const keys = new Map<string, Buffer>();
  for (const entry of entries) {
    const { kid, key } = parseEntry(entry);
    if (keys.has(kid)) throw weak(kid, "the kid stands there twice");
    if ([...keys.values()].some((other) => other.equals(key))) {
      throw weak(kid, "the same key stands there under two kids");
    }
    keys.set(kid, key);
  }
  return new MasterKeys(keys, [...keys.keys()][0] as string);
}

/** @throws RAPTOR_ENV__INVALID when `parseMasterKeys` would; keeps nothing. */
export function checkMasterKeys(text: string): void {
  parseMasterKeys(text);
}

function parseEntry(entry: string): { kid: string; key: Buffer } {
  const colon = entry.indexOf(":");
  const kid = entry.slice(0, Math.max(colon, 0));
  // A kid that is no kid may be the key itself, so it is not repeated in the error.
  if (!/^[A-Za-z0-9_-]{1,32}$/.test(kid)) {
    throw weak("", "expected kid:base64, the kid 1 to 32 of A-Z a-z 0-9 _ -");
  }
  const encoded = entry
    .slice(colon + 1)
    .replaceAll("-", "+")
    .replaceAll("_", "/")
    .replace(/=+$/, "");
  if (/^([0-9a-fA-F]{2})+$/.test(encoded)) {
    throw weak(kid, `the key looks like hex, expected base64; ${ADVICE}`);
  }
  const key = Buffer.alloc(KEY_BYTES);
  const decoded = Buffer.from(encoded, "base64");
  if (decoded.toString("base64").replace(/=+$/, "") !== encoded) {
    throw weak(kid, `the key is not base64; ${ADVICE}`);
  }
  if (decoded.length !== KEY_BYTES) {
    throw weak(kid, `expected a key of ${KEY_BYTES} bytes, was ${decoded.length}; ${ADVICE}`);
  }
  decoded.copy(key);
  wipe(decoded);
  const weakness = findWeakness(key, encoded);
  if (weakness !== undefined) throw weak(kid, `the key is weak: ${weakness}; ${ADVICE}`);
  return { kid, key };
}

/** What a person or a careless script makes; a random key passes all of it. */
function findWeakness(key: Buffer, encoded: string): string | undefined {
  const bytes = [...key];
  if (new Set(bytes).size === 1) return "all bytes are the same";
  for (let period = 2; period <= KEY_BYTES / 2; period++) {
    if (bytes.every((byte, at) => at < period || byte === bytes[at - period])) {
      return "it repeats itself";
    }
  }
  const steps = bytes.slice(1).map((byte, at) => (byte - (bytes[at] as number)) & 0xff);
  if (new Set(steps).size === 1) return "its bytes count up or down";
  if (bytes.filter((byte) => byte >= 0x20 && byte <= 0x7e).length > PRINTABLE_BYTES_MAX) {
    return "it decodes to readable text";
  }
  if (new Set(bytes).size < DISTINCT_BYTES_MIN) return "it has too few different bytes";
  // Typed words are valid base64 too; random base64 mixes cases practically always.
  if (!/[a-z]/.test(encoded) || !/[A-Z]/.test(encoded)) return "its base64 was typed by hand";
  return undefined;
}

function weak(kid: string, problem: string): RaptorError {
  return new RaptorError("RAPTOR_ENV__INVALID", { setting: "WALLET_MASTER_KEYS", kid, problem });
}
