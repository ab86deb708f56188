import { isAdmin } from "../middleware/bearer.ts";
import type { EdgeServices } from "../services.ts";
import { refuseToken } from "./read-api.ts";

export function createMetricsRoute(services: EdgeServices) {
  return async function handleMetrics(request: Request): Promise<Response> {
    if (!(await isAdmin(request, services.env.ADMIN_TOKEN))) {
      return refuseToken(services, "/v1/metrics");
    }
    return new Response(services.metrics.encode(), {
      headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
    });
  };
}
