import { badRequest, conflict } from "./api-error.ts";
import type { BotWorld, MethodResult } from "./bot-world.ts";
import type { CallParams } from "./call-params.ts";

const CONNECTIONS_DEFAULT = 40;
const CONNECTIONS_MAX = 100;
const SECRET_CHARS_MAX = 256;
const UPDATES_PER_POLL_MAX = 100;
const POLL_SECONDS_MAX = 50;
const PORTS: ReadonlySet<string> = new Set(["", "443", "80", "88", "8443"]);
const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** The long poll that waits for updates of a bot; a second one ends the first. */
const polls = new WeakMap<BotWorld, AbortController>();

export function setWebhook(world: BotWorld, params: CallParams): MethodResult {
  const url = params.text("url").trim();
  if (url === "") return deleteWebhook(world, params);
  checkWebhookUrl(url, world.allowHttpWebhook);
  const secretToken = params.text("secret_token");
  if (secretToken.length > SECRET_CHARS_MAX) throw badRequest("secret token is too long");
  if (!/^[A-Za-z0-9_-]*$/.test(secretToken)) {
    throw badRequest("secret token contains unallowed characters");
  }
  readAllowedUpdates(world, params);
  if (params.flag("drop_pending_updates")) world.updates.clear();
  const wanted = params.integer("max_connections");
  const maxConnections = wanted < 1 ? CONNECTIONS_DEFAULT : Math.min(CONNECTIONS_MAX, wanted);
  const before = world.webhook.settings;
  const isSame =
    before?.url === url &&
    before.secretToken === secretToken &&
    before.maxConnections === maxConnections;
  if (isSame) return { result: true, description: "Webhook is already set" };
  polls.get(world)?.abort();
  world.webhook.set({ url, secretToken, maxConnections });
  return { result: true, description: "Webhook was set" };
}

export function deleteWebhook(world: BotWorld, params: CallParams): MethodResult {
  if (params.flag("drop_pending_updates")) world.updates.clear();
  if (world.webhook.settings === undefined) {
    return { result: true, description: "Webhook is already deleted" };
  }
  world.webhook.set(undefined);
  return { result: true, description: "Webhook was deleted" };
}

export function getWebhookInfo(world: BotWorld): MethodResult {
  const { settings, lastError } = world.webhook;
  const { allowedUpdates } = world.updates;
  return {
    result: {
      url: settings?.url ?? "",
      has_custom_certificate: false,
      pending_update_count: world.updates.pendingCount,
      ...(settings === undefined ? {} : { max_connections: settings.maxConnections }),
      ...(settings === undefined ? {} : { ip_address: "127.0.0.1" }),
      ...(lastError === undefined
        ? {}
        : { last_error_date: lastError.date, last_error_message: lastError.message }),
      ...(allowedUpdates.length === 0 ? {} : { allowed_updates: allowedUpdates }),
    },
  };
}

export async function getUpdates(world: BotWorld, params: CallParams): Promise<MethodResult> {
  refuseWhileHooked(world);
  readAllowedUpdates(world, params);
  polls.get(world)?.abort();
  const limit = params.integer("limit");
  const count = limit < 1 || limit > UPDATES_PER_POLL_MAX ? UPDATES_PER_POLL_MAX : limit;
  confirmBelow(world, params.integer("offset"));
  const seconds = Math.min(POLL_SECONDS_MAX, Math.max(0, params.integer("timeout")));
  if (world.updates.pendingCount === 0 && seconds > 0) await waitForUpdate(world, seconds);
  const pending = world.updates
    .pending()
    .filter((update) => update.expiresAtMs >= world.clock.nowMs());
  return { result: pending.slice(0, count).map(({ update }) => update) };
}

function refuseWhileHooked(world: BotWorld): void {
  if (world.webhook.settings === undefined) return;
  throw conflict(
    "can't use getUpdates method while webhook is active; " +
      "use deleteWebhook to delete the webhook first",
  );
}

async function waitForUpdate(world: BotWorld, seconds: number): Promise<void> {
  const ended = new AbortController();
  const arrived = new AbortController();
  polls.set(world, ended);
  function onArrival(): void {
    arrived.abort();
  }
  world.updates.arrivalListeners.add(onArrival);
  await world.clock.sleep(seconds * 1_000, AbortSignal.any([ended.signal, arrived.signal]));
  world.updates.arrivalListeners.delete(onArrival);
  if (polls.get(world) === ended) polls.delete(world);
  refuseWhileHooked(world);
  if (ended.signal.aborted) {
    throw conflict(
      "terminated by other getUpdates request; make sure that only one bot instance is running",
    );
  }
}

/** A negative offset keeps that many of the newest updates. */
function confirmBelow(world: BotWorld, offset: number): void {
  const pending = world.updates.pending();
  const confirmed =
    offset >= 0
      ? pending.filter(({ update }) => update.update_id < offset)
      : pending.slice(0, Math.max(0, pending.length + offset));
  for (const update of confirmed) world.updates.remove(update);
}

/** Absent keeps the setting of before; an empty list means the default set. */
function readAllowedUpdates(world: BotWorld, params: CallParams): void {
  const given = params.json("allowed_updates", "allowed updates");
  if (given === undefined) return;
  if (!Array.isArray(given) || !given.every((type) => typeof type === "string")) {
    throw badRequest("can't parse allowed updates: expected an Array of String");
  }
  world.updates.allowedUpdates = given;
}

function checkWebhookUrl(text: string, allowHttp: boolean): void {
  const url = URL.parse(text);
  if (url === null) throw badRequest("bad webhook: URL is invalid");
  const isHttp = url.protocol === "http:" || url.protocol === "https:";
  if (allowHttp && isHttp && LOOPBACK_HOSTS.has(url.hostname)) return;
  if (url.protocol !== "https:") {
    throw badRequest("bad webhook: An HTTPS URL must be provided for webhook");
  }
  if (!PORTS.has(url.port)) {
    throw badRequest("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443");
  }
}
