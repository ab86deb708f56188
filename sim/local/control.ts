import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { FaultPlan } from "../faults/fault-plan.ts";
import { json, startSimServer, type SimServer } from "../servers/http.ts";
import type { ShiftedClock } from "../servers/real-clock.ts";
import type { ExecutorProcess } from "./executor-process.ts";

const ALERTS_MAX = 1_000;

/**
 * Drives the processes of the world: `POST /world/executor/{stop|kill|start}`. Also stands in for
 * the Discord webhook (`POST /discord`), whose messages `GET /world/discord` lists.
 */
export function startControl(options: {
  clock: ShiftedClock;
  prng: Prng;
  faults: FaultPlan;
  executor: ExecutorProcess;
}): Promise<SimServer> {
  const { executor, clock, faults } = options;
  const alerts: { content: string; atMs: number }[] = [];
  return startSimServer({
    name: "control",
    clock,
    faults,
    operationOf: (request) => (request.path === "/discord" ? "discord" : "world"),
    async handle(request) {
      switch (`${request.method} ${request.path}`) {
        case "POST /world/executor/stop":
          await executor.stop("SIGTERM");
          return json(200, { state: "stopped" });
        case "POST /world/executor/kill":
          await executor.stop("SIGKILL");
          return json(200, { state: "killed" });
        case "POST /world/executor/start":
          await executor.start();
          return json(200, { state: "ready", pids: executor.pids });
        case "POST /discord": {
          const { content } = JSON.parse(request.body.toString("utf8")) as { content?: unknown };
          if (typeof content !== "string" || content.length > 2_000) {
            return json(400, { message: "Cannot send an empty message", code: 50_006 });
          }
          alerts.push({ content, atMs: clock.nowMs() });
          if (alerts.length > ALERTS_MAX) alerts.shift();
          return { status: 204 };
        }
        case "GET /world/discord":
          return json(200, alerts);
        default:
          return json(404, {
            error: "expected POST /world/executor/{stop|kill|start} or GET /world/discord",
          });
      }
    },
  });
}
