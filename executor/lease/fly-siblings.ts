import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import { NetFailure, type Net } from "@raptor/shared/seams/net.ts";
import type { Secret } from "@raptor/shared/values/secret.ts";
import { elapsedAtLeast, momentOf } from "./elapsed.ts";

export interface FlyPlace {
  /** Base of the Machines API. */
  apiUrl: string;
  app: string;
  machine: string;
  token: Secret;
}

export interface FlyDeps {
  net: Net;
  clock: Clock;
  log: Log;
}

export type SiblingVerdict =
  | { outcome: "alone" }
  | { outcome: "sibling"; reason: string }
  /** No usable answer: nothing is known. */
  | { outcome: "unknown"; reason: string };

/** Machines in these states run nothing and start nothing by themselves. */
const AT_REST = new Set([
  "created",
  "stopped",
  "suspended",
  "failed",
  "launch_failed",
  "destroyed",
  "replaced",
  "migrated",
]);
/** Machines of the same app that run another command, by their process group. */
const OTHER_WORK = new Set([
  "fly_app_release_command",
  "fly_app_console",
  "fly_app_test_machine_command",
]);
const TIMEOUT_MS = 3_000;
/** The API allows one such request a second. */
const RETRY_MS = 2_000;
const MACHINES_MAX = 1_000;

/** Asks until there is a usable answer, at most for `askMsMax`. */
export async function findSibling(
  deps: FlyDeps,
  place: FlyPlace,
  askMsMax: number,
): Promise<SiblingVerdict> {
  const since = momentOf(deps.clock);
  for (;;) {
    const verdict = await askOnce(deps, place);
    if (verdict.outcome !== "unknown") return verdict;
    deps.log.warn({ reason: verdict.reason }, "the Machines of this app are not known yet");
    if (elapsedAtLeast(deps.clock, since) + RETRY_MS >= askMsMax) return verdict;
    await deps.clock.sleep(RETRY_MS);
  }
}

export async function askOnce({ net }: FlyDeps, place: FlyPlace): Promise<SiblingVerdict> {
  const { apiUrl, app, machine, token } = place;
  try {
    const response = await net.fetch({
      url: `${apiUrl}/v1/apps/${encodeURIComponent(app)}/machines`,
      method: "GET",
      headers: { authorization: authorizationOf(token.reveal()) },
      timeoutMs: TIMEOUT_MS,
    });
    if (response.status !== 200) {
      return { outcome: "unknown", reason: `the Machines API answered ${response.status}` };
    }
    return judgeMachines(response.body, machine);
  } catch (error) {
    if (!(error instanceof NetFailure)) throw error;
    return { outcome: "unknown", reason: `the Machines API gave no answer (${error.kind})` };
  }
}

/** Tokens made by `fly tokens create` already begin with their scheme, others are bearer tokens. */
function authorizationOf(token: string): string {
  return token.startsWith("FlyV1 ") ? token : `Bearer ${token}`;
}

/** A Machine is older by its time of creation; two of one moment are told apart by their ids. */
export function judgeMachines(body: string, machine: string): SiblingVerdict {
  const machines = parseMachines(body);
  const me = machines?.find(({ id }) => id === machine);
  if (machines === undefined || me === undefined) {
    return { outcome: "unknown", reason: "the Machines API's list cannot be used" };
  }
  const elder = machines.find(
    (one) =>
      one.id !== me.id &&
      !AT_REST.has(one.state) &&
      !OTHER_WORK.has(one.group) &&
      (one.createdMs < me.createdMs || (one.createdMs === me.createdMs && one.id < me.id)),
  );
  if (elder === undefined) return { outcome: "alone" };
  const reason = `Machine ${elder.id} of this app is older and ${elder.state}.`;
  return { outcome: "sibling", reason };
}

interface Machine {
  id: string;
  state: string;
  createdMs: number;
  group: string;
}

/** One entry that cannot be read could be the sibling, so it spoils the whole list. */
function parseMachines(body: string): Machine[] | undefined {
  let list: unknown;
  try {
    list = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (!Array.isArray(list) || list.length > MACHINES_MAX) return undefined;
  const machines = list.map(parseMachine);
  return machines.every((one) => one !== undefined) ? machines : undefined;
}

function parseMachine(value: unknown): Machine | undefined {
  const fields = fieldsOf(value);
  const { id, state, created_at: createdAt } = fields;
  if (typeof id !== "string" || typeof state !== "string" || typeof createdAt !== "string") {
    return undefined;
  }
  const createdMs = Date.parse(createdAt);
  if (Number.isNaN(createdMs)) return undefined;
  const group = fieldsOf(fieldsOf(fields["config"])["metadata"])["fly_process_group"];
  return { id, state, createdMs, group: typeof group === "string" ? group : "" };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
