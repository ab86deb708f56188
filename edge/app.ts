import { type Context, Hono } from "hono";
import { clientKeyOf } from "./middleware/client-address.ts";
import { createProblem } from "./middleware/problem.ts";
import type { LimitResult } from "./middleware/rate-limits.ts";
import { createCron, CRON_PATH } from "./routes/cron.ts";
import { createHealth } from "./routes/health.ts";
import { createKillSwitch, KILL_SWITCH_PATH } from "./routes/kill-switch.ts";
import { createMetricsRoute } from "./routes/metrics.ts";
import { createOpenApi } from "./routes/openapi.ts";
import { createJobRead, createPlainRead, createTradesRead } from "./routes/read-api.ts";
import { createRedeliver } from "./routes/redeliver.ts";
import { createSetExits, SET_EXITS_PATH } from "./routes/set-exits.ts";
import { createTelegramWebhook, WEBHOOK_PATH } from "./routes/telegram-webhook.ts";
import { REDELIVER_PATH } from "./jobs/job-queue.ts";
import { createServices, type EdgeSeams, type EdgeServices } from "./services.ts";

export type { EdgeSeams } from "./services.ts";

export interface Edge {
  fetch(request: Request): Promise<Response>;
}

type Handler = (request: Request, context: Context) => Promise<Response> | Response;

const API_HEADERS = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
} as const;

/** The whole edge as a function of its seams: the Worker and the simulator both run this. */
export function createEdge(seams: EdgeSeams): Edge {
  const services = createServices(seams);
  const app = new Hono();
  app.onError((error, context) => {
    services.log.error({ cause: error.name, path: routeOf(context) }, "request failed");
    return createProblem("INTERNAL", context.req.path);
  });
  app.notFound((context) => createProblem("NOT_FOUND", context.req.path));
  app.use(async (context, next) => {
    await next();
    for (const [name, value] of Object.entries(API_HEADERS)) context.header(name, value);
    services.metrics.count("raptor_edge_requests_total", {
      route: routeOf(context),
      status: String(context.res.status),
    });
  });
  addRoutes(app, services);
  return { fetch: async (request) => app.fetch(request) };
}

function addRoutes(app: Hono, services: EdgeServices): void {
  // Made for the first who asks: no press should wait for it in a new isolate.
  let openApi: string | undefined;
  const cron = createCron(services);
  add(app, "POST", WEBHOOK_PATH, createTelegramWebhook(services));
  add(app, "POST", CRON_PATH, (request, context) => cron(request, context.req.param("name") ?? ""));
  add(app, "POST", REDELIVER_PATH, createRedeliver(services));
  add(app, "GET", "/v1/health", limitApi(services, createHealth(services)));
  add(app, "GET", "/v1/status", limitApi(services, createPlainRead(services, "status")));
  add(app, "GET", "/v1/positions", limitApi(services, createPlainRead(services, "positions")));
  add(app, "GET", "/v1/trades", limitApi(services, createTradesRead(services)));
  add(app, "GET", "/v1/jobs/:id", limitApi(services, createJobRead(services)));
  add(app, "GET", "/v1/metrics", limitApi(services, createMetricsRoute(services)));
  add(
    app,
    "GET",
    "/openapi.json",
    limitApi(services, () =>
      answerJson((openApi ??= JSON.stringify(createOpenApi(services.env.PUBLIC_URL)))),
    ),
  );
  add(app, "POST", SET_EXITS_PATH, limitApi(services, createSetExits(services)));
  add(app, "POST", KILL_SWITCH_PATH, limitEmergency(services, createKillSwitch(services)));
}

function add(app: Hono, method: "GET" | "POST", path: string, handler: Handler): void {
  app.on(method, path, (context) => handler(context.req.raw, context));
  // Registered second, so it answers only what the line above did not take.
  app.all(path, (context) =>
    createProblem("METHOD_NOT_ALLOWED", context.req.path, { headers: { allow: method } }),
  );
}

function limitApi(services: EdgeServices, handler: Handler): Handler {
  return async (request, context) => {
    const taken = await services.limits.takeApi(clientKeyOf(request));
    return taken.isAllowed ? handler(request, context) : refuse(request, taken);
  };
}

function limitEmergency(services: EdgeServices, handler: Handler): Handler {
  return (request, context) => {
    const taken = services.limits.takeEmergency(clientKeyOf(request));
    return taken.isAllowed ? handler(request, context) : refuse(request, taken);
  };
}

function refuse(request: Request, taken: LimitResult & { isAllowed: false }): Response {
  return createProblem("TOO_MANY_REQUESTS", new URL(request.url).pathname, {
    headers: { "retry-after": String(taken.retryAfterS) },
  });
}

/** The pattern and not the path, so that strangers cannot make new metric series. */
function routeOf(context: Context): string {
  const { routePath } = context.req;
  return routePath === "/*" || routePath === "*" ? "none" : routePath;
}

function answerJson(body: string): Response {
  return new Response(body, { headers: { "content-type": "application/json" } });
}
