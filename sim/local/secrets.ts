import { generateKeyPairSync, randomBytes } from "node:crypto";

/** Development secrets of one local world. Random, never reused, worth nothing elsewhere. */
export interface WorldSecrets {
  botToken: string;
  botId: string;
  webhookSecret: string;
  adminToken: string;
  stateSecret: string;
  masterKeys: string;
  qstashToken: string;
  qstashCurrentKey: string;
  qstashNextKey: string;
  redisToken: string;
  jupiterKey: string;
  signingJwk: string;
  trustedJwks: string;
}

const KEY_ID = "edge-local";

export function createWorldSecrets(): WorldSecrets {
  const hex = (byteCount: number): string => randomBytes(byteCount).toString("hex");
  const botId = String(1_000_000_000 + randomBytes(4).readUInt32BE());
  const { privateKey } = generateKeyPairSync("ed25519");
  const jwk = privateKey.export({ format: "jwk" });
  const publicJwk = { kty: jwk.kty, crv: jwk.crv, x: jwk.x, kid: KEY_ID };
  return {
    botToken: `${botId}:${randomBytes(26).toString("base64url").slice(0, 35)}`,
    botId,
    webhookSecret: hex(32),
    adminToken: hex(32),
    stateSecret: hex(32),
    masterKeys: `local:${randomBytes(32).toString("base64")}`,
    qstashToken: hex(32),
    qstashCurrentKey: `sig_${hex(14)}`,
    qstashNextKey: `sig_${hex(14)}`,
    redisToken: hex(16),
    jupiterKey: hex(16),
    signingJwk: JSON.stringify({ ...jwk, kid: KEY_ID }),
    trustedJwks: JSON.stringify({ keys: [publicJwk] }),
  };
}
