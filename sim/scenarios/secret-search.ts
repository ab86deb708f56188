import { createDecipheriv, randomBytes } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { encodeBase58 } from "@raptor/shared/values/base58.ts";
import type { WorldOptions } from "../local/start-world.ts";
import { readVault } from "./journal-view.ts";
import { Person, postJson } from "./person.ts";
import { refusalBodies } from "./probes.ts";
import { ScenarioWorld } from "./scenario-world.ts";

const KID = "searched";
const knownKeys = new WeakMap<ScenarioWorld, { masterKey: Buffer; stateSecret: string }>();
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * A world whose master key the test knows, and in which nothing happens by the clock, so that a
 * test may compare the whole journal before and after.
 */
export async function startWithKnownKeys(
  options: Partial<WorldOptions> = {},
): Promise<ScenarioWorld> {
  const masterKey = randomBytes(32);
  const stateSecret = randomBytes(32).toString("hex");
  const world = await ScenarioWorld.start({
    ...options,
    executorEnv: {
      WALLET_MASTER_KEYS: `${KID}:${masterKey.toString("base64")}`,
      STATE_SECRET: stateSecret,
      RECONCILE_INTERVAL_MS: "3600000",
      RECONCILE_CRON: "0 0 1 1 *",
      ...options.executorEnv,
    },
  });
  // Many short answers in one chat: the pace of Telegram is tested elsewhere.
  const pace = { chatPerSecond: 100, chatBurst: 100, overallPerSecond: 1_000 };
  await postJson(`${world.file.telegram}/world/limits`, pace);
  knownKeys.set(world, { masterKey, stateSecret });
  return world;
}

/**
 * Searches everything that leaves the process for everything that must not: the log, the chats,
 * the journal's files, and the bodies of refusals. Names what it finds and where, never the secret.
 */
export async function findSecrets(world: ScenarioWorld): Promise<string[]> {
  const places = await collectPlaces(world);
  const secrets = collectSecrets(world);
  const found: string[] = [];
  for (const [place, text] of places) {
    for (const [name, forms] of secrets) {
      if (forms.some((form) => text.includes(form))) found.push(`${name} in ${place}`);
    }
  }
  return found;
}

async function collectPlaces(world: ScenarioWorld): Promise<Map<string, string>> {
  const { file } = world;
  const places = new Map([
    ["the executor's log", world.executorLog()],
    ["a refusal's body", refusalBodies.join("\n")],
  ]);
  for (const name of readdirSync(file.dataDir)) {
    if (!name.startsWith("journal.db")) continue;
    places.set(name, readFileSync(join(file.dataDir, name)).toString("latin1"));
  }
  for (const { id } of file.users) {
    const messages = await new Person(file, id).messages();
    places.set(`the chat of ${id}`, JSON.stringify(messages));
  }
  return places;
}

function collectSecrets(world: ScenarioWorld): Map<string, string[]> {
  const { file } = world;
  const keys = knownKeys.get(world);
  if (keys === undefined) throw new Error("expected a world of startWithKnownKeys");
  const { masterKey, stateSecret } = keys;
  const { d = "" } = JSON.parse(file.edgeSigningJwk) as { d?: string };
  const secrets = new Map<string, string[]>([
    ["the bot token", [file.botToken, file.botToken.split(":")[1] ?? file.botToken]],
    ["the webhook secret", [file.webhookSecret]],
    ["the admin token", [file.adminToken]],
    ["the edge's signing key", formsOf(Buffer.from(d, "base64url"))],
    ["the QStash token", [file.qstashToken]],
    ["a QStash signing key", [file.qstashCurrentKey, file.qstashNextKey]],
    ["the Redis token", [file.redisToken]],
    ["the Jupiter key", [file.jupiterKey]],
    ["the state secret", [stateSecret]],
    ["the master key", formsOf(masterKey)],
  ]);
  for (const row of readVault(world)) {
    const { wallet_id: walletId, user_id: userId, address, wrapped } = row;
    const owner = [userId, walletId, "solana-ed25519-seed"];
    const { seed, dataKey } = unwrap(masterKey, String(wrapped), owner);
    secrets.set(`the seed of ${String(address)}`, formsOf(seed));
    secrets.set(`the data key of ${String(address)}`, formsOf(dataKey));
  }
  return secrets;
}

/** The ways in which bytes could be printed by mistake. */
function formsOf(bytes: Buffer): string[] {
  const list = [...bytes].join(",");
  const strip = (text: string): string => text.replace(/=+$/, "");
  return [
    bytes.toString("hex"),
    bytes.toString("hex").toUpperCase(),
    strip(bytes.toString("base64")),
    bytes.toString("base64url"),
    bytes.toString("latin1"),
    encodeBase58(bytes),
    list,
    list.replaceAll(",", ", "),
  ];
}

/** Opens a vault row as the signer would; written out because the signer keeps its doors shut. */
function unwrap(
  masterKey: Buffer,
  wrapped: string,
  owner: unknown[],
): { seed: Buffer; dataKey: Buffer } {
  const [, kid, keyBox = "", secretBox = ""] = wrapped.split(".");
  const bind = (layer: string): Buffer =>
    Buffer.from(JSON.stringify(["raptor-vault", "v1", kid, layer, ...owner]));
  const dataKey = openBox(masterKey, keyBox, bind("data-key"));
  return { dataKey, seed: openBox(dataKey, secretBox, bind("secret")) };
}

function openBox(key: Buffer, box: string, bound: Buffer): Buffer {
  const bytes = Buffer.from(box, "base64url");
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, NONCE_BYTES));
  decipher.setAAD(bound);
  decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
  const clear = decipher.update(bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES));
  return Buffer.concat([clear, decipher.final()]);
}
