import type { World } from "../local/start-world.ts";
import { postJson, waitUntil } from "./person.ts";

type WorldFile = World["file"];

export interface HttpAnswer {
  status: number;
  type: string;
  text: string;
}

/** Bodies of every refusal that a scenario met, for the search for secrets at its end. */
export const refusalBodies: string[] = [];

/** Any HTTP call; a refusal's body is kept. */
export async function call(url: string, init: RequestInit = {}): Promise<HttpAnswer> {
  const response = await fetch(url, init);
  const text = await response.text();
  if (!response.ok) refusalBodies.push(text);
  return { status: response.status, type: response.headers.get("content-type") ?? "", text };
}

export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}

/** Values by series, as Prometheus prints them: `name{label="value"}`. */
export type Series = ReadonlyMap<string, number>;

export async function executorMetrics(file: WorldFile): Promise<Series> {
  return parseSeries((await call(file.metrics)).text);
}

export async function edgeMetrics(file: WorldFile): Promise<Series> {
  const headers = { ...bearer(file.adminToken), ...from("10.9.9.9") };
  const answer = await call(`${file.edge}/v1/metrics`, { headers });
  if (answer.status !== 200) throw new Error(`/v1/metrics answered ${answer.status}`);
  return parseSeries(answer.text);
}

/** Calls that come from elsewhere are counted apart by the limit per address. */
export function from(ip: string): { "cf-connecting-ip": string } {
  return { "cf-connecting-ip": ip };
}

function parseSeries(text: string): Series {
  const series = new Map<string, number>();
  for (const line of text.split("\n")) {
    const at = line.lastIndexOf(" ");
    if (line.startsWith("#") || at === -1) continue;
    series.set(line.slice(0, at), Number(line.slice(at + 1)));
  }
  return series;
}

/** By how much a series grew. */
export function growth(before: Series, after: Series, name: string): number {
  return (after.get(name) ?? 0) - (before.get(name) ?? 0);
}

export interface HealthView {
  status: number;
  phase: string;
  dependencies: Record<string, { ok: boolean; detail: string }>;
}

export async function health(file: WorldFile, isDeep = false): Promise<HealthView> {
  const answer = await call(`${file.executor}/health${isDeep ? "?deep=1" : ""}`);
  const body = JSON.parse(answer.text) as Omit<HealthView, "status">;
  return { ...body, status: answer.status };
}

/** Plans a fault of a stand-in until it is cleared. */
export async function breakDown(url: string, fault: Record<string, unknown>): Promise<void> {
  await postJson(`${url}/world/faults`, { count: -1, ...fault });
}

export async function repair(url: string): Promise<void> {
  await fetch(`${url}/world/faults`, { method: "DELETE" });
}

/** How often each planned fault struck, by `operation/kind`. */
export async function faultHits(url: string): Promise<Record<string, number>> {
  const response = await fetch(`${url}/world/faults`);
  return ((await response.json()) as { hits: Record<string, number> }).hits;
}

/** What the Discord webhook was told so far. */
export async function discordAlerts(file: WorldFile): Promise<string[]> {
  const response = await fetch(`${file.control}/world/discord`);
  return ((await response.json()) as { content: string }[]).map(({ content }) => content);
}

export async function setPrice(file: WorldFile, mint: string, factor: number): Promise<void> {
  await postJson(`${file.jupiter}/world/prices`, { mint, factor });
}

/** The kill switch as an operator uses it. */
export function setTradingState(
  file: WorldFile,
  state: string,
  headers: Record<string, string> = bearer(file.adminToken),
): Promise<HttpAnswer> {
  return call(`${file.edge}/admin/kill-switch`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ state, reason: `scenario sets ${state}` }),
  });
}

/** Resolves when `look` gives true. */
export async function until(look: () => Promise<boolean> | boolean, ms?: number): Promise<void> {
  await waitUntil(async () => ((await look()) ? true : undefined), ms);
}

/** Resolves when Telegram has no update left that the bot's webhook has not taken. */
export async function untilTaken(file: WorldFile): Promise<void> {
  await until(async () => (await countUntaken(file)) === 0);
}

/** Updates that the bot's webhook has not taken. */
export async function countUntaken(file: WorldFile): Promise<number> {
  const info = await call(`${file.telegram}/bot${file.botToken}/getWebhookInfo`);
  const { result } = JSON.parse(info.text) as { result: { pending_update_count: number } };
  return result.pending_update_count;
}

/** What the queue carried to its destinations, oldest first. */
export async function queueDeliveries(
  file: WorldFile,
): Promise<{ messageId: string; url: string; isDuplicate: boolean; status?: number }[]> {
  const answer = await call(`${file.qstash}/world/deliveries`);
  return JSON.parse(answer.text) as Awaited<ReturnType<typeof queueDeliveries>>;
}
