import { generateKeyPairSync, randomBytes } from "node:crypto";
import { parseArgs } from "node:util";

/**
 * Prints a new signing key for the edge and the key set that the executor must trust. With
 * `--keep '<old TRUSTED_JWKS>'` the set also holds the keys of the old one, which is how a key is
 * changed without a gap: executor first, then the edge, then the executor again without `--keep`.
 */
interface PublicKeyEntry {
  kty: string;
  crv: string;
  x: string;
  kid: string;
}

export interface EdgeKey {
  /** A secret of the edge, and of nobody else. */
  signingJwk: string;
  /** Not secret: public keys for the executor. */
  trustedJwks: string;
}

const KID_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;
const KEYS_MAX = 8;

/** @throws when the kid is unusable or taken, or when `keep` is not a set of public keys. */
export function createEdgeKey(options: { kid?: string; keep?: string } = {}): EdgeKey {
  const { kid = `edge-${randomBytes(4).toString("hex")}`, keep } = options;
  if (!KID_PATTERN.test(kid)) throw new Error("expected a kid of 1 to 64 of A-Z a-z 0-9 _ -");
  const kept = keep === undefined ? [] : readKeys(keep);
  if (kept.some((key) => key.kid === kid)) throw new Error(`the kid ${kid} is taken`);
  if (kept.length >= KEYS_MAX) throw new Error(`expected at most ${KEYS_MAX} keys`);
  const { privateKey } = generateKeyPairSync("ed25519");
  const { kty = "", crv = "", x = "", d = "" } = privateKey.export({ format: "jwk" });
  return {
    signingJwk: JSON.stringify({ kty, crv, x, d, kid }),
    trustedJwks: JSON.stringify({ keys: [{ kty, crv, x, kid }, ...kept] }),
  };
}

function readKeys(text: string): PublicKeyEntry[] {
  const { keys } = JSON.parse(text) as { keys?: Record<string, unknown>[] };
  if (!Array.isArray(keys)) throw new Error('expected {"keys":[...]} in --keep');
  return keys.map(({ kty, crv, x, kid, d }) => {
    if (d !== undefined) throw new Error("--keep holds a private key; give it TRUSTED_JWKS");
    if (kty !== "OKP" || crv !== "Ed25519" || typeof x !== "string" || typeof kid !== "string") {
      throw new Error("expected Ed25519 keys with kid and x in --keep");
    }
    return { kty, crv, x, kid };
  });
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { kid: { type: "string" }, keep: { type: "string" } },
  });
  const { signingJwk, trustedJwks } = createEdgeKey(values);
  process.stdout.write(`EDGE_SIGNING_JWK='${signingJwk}'\nTRUSTED_JWKS='${trustedJwks}'\n`);
}
