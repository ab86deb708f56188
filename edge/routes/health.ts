import * as z from "zod";
import { TRADING_STATES } from "@raptor/shared/domain/trading-state.ts";
import { parseJsonText } from "../jobs/json-text.ts";
import type { EdgeServices } from "../services.ts";

/** Public, so it names states and never a reason, an address or a person. */
export const healthSchema = z.object({
  status: z.enum(["ok", "degraded"]),
  environment: z.string(),
  executor: z.object({
    isReachable: z.boolean(),
    phase: z.string().nullable(),
    tradingState: z.enum(TRADING_STATES).nullable(),
  }),
  redis: z.object({ ok: z.boolean() }),
  /** The last publish of this isolate; null before the first. */
  queue: z.object({ ok: z.boolean().nullable() }),
});

const executorHealthSchema = z.object({
  phase: z.string().max(32).optional().catch(undefined),
  tradingState: z.enum(TRADING_STATES).optional().catch(undefined),
});

/** Always 200 while the edge itself works; `status` says whether the whole does. */
export function createHealth(services: EdgeServices) {
  return async function handleHealth(): Promise<Response> {
    const result = await services.door.fetchHealth();
    const body = result.kind === "answered" ? parseJsonText(result.body) : undefined;
    const executor = executorHealthSchema.safeParse(body);
    const isReachable = result.kind === "answered" && executor.success;
    const phase = executor.success ? (executor.data.phase ?? null) : null;
    const redisOk = services.redis.isOk();
    const health: z.infer<typeof healthSchema> = {
      status: isReachable && phase === "ready" && redisOk ? "ok" : "degraded",
      environment: services.env.ENVIRONMENT,
      executor: {
        isReachable,
        phase,
        tradingState: executor.success ? (executor.data.tradingState ?? null) : null,
      },
      redis: { ok: redisOk },
      queue: { ok: services.queue.lastOk() ?? null },
    };
    return Response.json(health);
  };
}
