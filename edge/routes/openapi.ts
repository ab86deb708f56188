import * as z from "zod";
import {
  jobViewSchema,
  positionsAnswerSchema,
  statusViewSchema,
  tradesAnswerSchema,
} from "@raptor/shared/wire/read.ts";
import { PROBLEMS } from "../middleware/problem.ts";
import { healthSchema } from "./health.ts";
import { killSwitchAnswerSchema, killSwitchSchema } from "./kill-switch.ts";
import { TRADES_LIMIT_DEFAULT } from "./read-api.ts";
import { setExitsAnswerSchema, setExitsSchema } from "./set-exits.ts";

const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string(),
  code: z.enum(Object.keys(PROBLEMS).map((code) => `RAPTOR_EDGE__${code}`)),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
});

const COMPONENTS = {
  Health: healthSchema,
  Status: statusViewSchema,
  Positions: positionsAnswerSchema,
  Trades: tradesAnswerSchema,
  Job: jobViewSchema,
  KillSwitch: killSwitchSchema,
  KillSwitchAnswer: killSwitchAnswerSchema,
  SetExits: setExitsSchema,
  SetExitsAnswer: setExitsAnswerSchema,
  Problem: problemSchema,
} as const;

const KEY_PARAMETER = {
  name: "Idempotency-Key",
  in: "header",
  description: "Makes repeating the request harmless.",
  schema: { type: "string", format: "uuid" },
};

type ComponentName = keyof typeof COMPONENTS;

/** Describes the public API from the same schemas that the code uses. */
export function createOpenApi(publicUrl: string) {
  const schemas = Object.fromEntries(
    Object.entries(COMPONENTS).map(([name, schema]) => [name, toSchema(schema)]),
  );
  return {
    openapi: "3.1.0",
    info: {
      title: "Raptor",
      version: "1.0.0",
      description:
        "Status of one trading desk. Amounts are decimal text of integer base units, prices " +
        "(priceE9) are lamports per whole token times 1e9, times are milliseconds.",
    },
    servers: [{ url: publicUrl }],
    paths: createPaths(),
    components: {
      schemas,
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "A token from /token in Telegram." },
        admin: { type: "http", scheme: "bearer", description: "The operator's admin token." },
      },
    },
  };
}

function toSchema(schema: z.ZodType): object {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { target: "draft-2020-12" });
  return rest;
}

function createPaths() {
  return {
    "/v1/health": {
      get: operation("getHealth", "Whether edge and executor work.", "Health", [429], []),
    },
    "/v1/status": { get: read("getStatus", "Phase, trading state, drift.", "Status") },
    "/v1/positions": { get: read("getPositions", "Positions with their exits.", "Positions") },
    "/v1/trades": {
      get: {
        ...read("getTrades", "Fills, newest first.", "Trades", [422]),
        parameters: [
          {
            name: "limit",
            in: "query",
            schema: { type: "integer", minimum: 1, maximum: 200, default: TRADES_LIMIT_DEFAULT },
          },
          {
            name: "before",
            in: "query",
            description: "nextBefore of the previous page.",
            schema: { type: "integer", minimum: 1 },
          },
        ],
      },
    },
    "/v1/jobs/{id}": {
      get: {
        ...read("getJob", "What became of one job.", "Job", [404]),
        parameters: [{ name: "id", in: "path", required: true, schema: { type: "string" } }],
      },
    },
    "/v1/metrics": {
      get: {
        operationId: "getMetrics",
        summary: "Counters of one isolate.",
        security: [{ admin: [] }],
        responses: {
          200: { description: "Prometheus text.", content: { "text/plain": {} } },
          ...problems([401, 429]),
        },
      },
    },
    ...createAdminPaths(),
  };
}

function createAdminPaths() {
  return {
    "/admin/exits": {
      post: {
        ...operation(
          "setExits",
          "Gives a position other exit rules; the job says what became of it.",
          "SetExitsAnswer",
          [401, 413, 415, 422, 429, 502, 503],
          [{ admin: [] }],
        ),
        parameters: [{ ...KEY_PARAMETER, required: true }],
        requestBody: {
          required: true,
          content: { "application/json": { schema: ref("SetExits") } },
        },
      },
    },
    "/admin/kill-switch": {
      post: {
        ...operation(
          "setTradingState",
          "Sets the trading state; 200 only once the executor recorded it.",
          "KillSwitchAnswer",
          [401, 413, 415, 422, 429, 502, 503],
          [{ admin: [] }],
        ),
        parameters: [KEY_PARAMETER],
        requestBody: {
          required: true,
          content: { "application/json": { schema: ref("KillSwitch") } },
        },
      },
    },
  };
}

function read(id: string, summary: string, answer: ComponentName, more: number[] = []) {
  const statuses = [401, 403, 429, 502, 503, ...more];
  return operation(id, summary, answer, statuses, [{ token: [] }, { admin: [] }]);
}

function operation(
  operationId: string,
  summary: string,
  answer: ComponentName,
  problemStatuses: number[],
  security: object[],
) {
  return {
    operationId,
    summary,
    security,
    responses: {
      200: { description: summary, content: { "application/json": { schema: ref(answer) } } },
      ...problems(problemStatuses),
    },
  };
}

function problems(statuses: number[]) {
  return Object.fromEntries(
    statuses.map((status) => [
      String(status),
      {
        description: titlesOf(status),
        content: { "application/problem+json": { schema: ref("Problem") } },
      },
    ]),
  );
}

function titlesOf(status: number): string {
  return Object.values(PROBLEMS)
    .filter((problem) => problem.status === status)
    .map((problem) => problem.title)
    .join("; ");
}

function ref(name: ComponentName) {
  return { $ref: `#/components/schemas/${name}` };
}
