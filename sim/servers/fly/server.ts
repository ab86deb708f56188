import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { FaultPlan } from "../../faults/fault-plan.ts";
import { json, type SimRequest, type SimResponse, startSimServer } from "../http.ts";

/** What the Machines API shows of one Machine, as far as anybody here reads it. */
export interface FlyMachine {
  id: string;
  name: string;
  state: string;
  region: string;
  instance_id: string;
  created_at: string;
  updated_at: string;
  config: { metadata: Record<string, string> };
}

export interface FlyServerOptions {
  clock: Clock;
  faults: FaultPlan;
  app: string;
  token: string;
}

export interface FlyServer {
  url: string;
  /** Tests change it as they like. */
  machines: FlyMachine[];
  close(): Promise<void>;
}

/** Fly's list of Machines. Faults: the operation is `machines`. */
export async function startFly(options: FlyServerOptions): Promise<FlyServer> {
  const { clock, faults, app, token } = options;
  const machines: FlyMachine[] = [];
  function handle({ method, path, headers }: SimRequest): SimResponse {
    if (headers["authorization"] !== `Bearer ${token}`) {
      return json(401, { error: "Authenticate: token validation error" });
    }
    if (method !== "GET" || path !== `/v1/apps/${app}/machines`) {
      return json(404, { error: "app not found" });
    }
    return json(200, machines);
  }
  const server = await startSimServer({
    name: "fly",
    clock,
    faults,
    operationOf: () => "machines",
    handle,
  });
  return { url: server.url, machines, close: () => server.close() };
}

export function flyMachine(id: string, createdAt: string, state = "started"): FlyMachine {
  return {
    id,
    name: `raptor-${id}`,
    state,
    region: "ams",
    instance_id: `01${id}`,
    created_at: createdAt,
    updated_at: createdAt,
    config: { metadata: { fly_process_group: "app" } },
  };
}
