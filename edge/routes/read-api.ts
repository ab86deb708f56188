import * as z from "zod";
import { type Read, readSchema } from "@raptor/shared/wire/read.ts";
import { identify } from "../middleware/bearer.ts";
import { createProblem } from "../middleware/problem.ts";
import type { EdgeServices } from "../services.ts";

type Principal = Read["principal"];
type BuildRead = (principal: Principal, request: Request) => unknown;

const BEARER_CHALLENGE = { "www-authenticate": 'Bearer realm="raptor"' };
export const TRADES_LIMIT_DEFAULT = 50;
const wholeNumber = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);

/** Reads that take nothing but a token. */
export function createPlainRead(services: EdgeServices, kind: "status" | "positions") {
  return createRead(services, (principal) => ({ kind, principal }));
}

export function createTradesRead(services: EdgeServices) {
  return createRead(services, (principal, request) => {
    const query = new URL(request.url).searchParams;
    const before = query.get("before");
    return {
      kind: "trades",
      principal,
      limit: toNumber(query.get("limit") ?? String(TRADES_LIMIT_DEFAULT)),
      ...(before === null ? {} : { before: toNumber(before) }),
    };
  });
}

export function createJobRead(services: EdgeServices) {
  return createRead(services, (principal, request) => {
    const segment = new URL(request.url).pathname.slice("/v1/jobs/".length);
    return { kind: "job", principal, id: decodePath(segment) };
  });
}

/** Answers a read with what the executor says to the same question, signed. */
function createRead(services: EdgeServices, build: BuildRead) {
  return async function handleRead(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const principal = await identify(request, services.env.ADMIN_TOKEN);
    if (principal === undefined) return refuseToken(services, pathname);
    const read = readSchema.safeParse(build(principal, request));
    if (!read.success) {
      const errors = read.error.issues.map((issue) => ({
        pointer: `#/${issue.path.join("/")}`,
        detail: issue.message,
      }));
      return createProblem("QUERY_INVALID", pathname, { errors });
    }
    const result = await services.door.postRead(await services.signer.signRead(read.data));
    if (result.kind === "closed") return createProblem("EXECUTOR_UNREACHABLE", pathname);
    switch (result.status) {
      case 200:
        return new Response(result.body, { headers: { "content-type": "application/json" } });
      case 401:
        return refuseToken(services, pathname);
      case 403:
        return createProblem("FORBIDDEN", pathname);
      case 404:
        return createProblem("NOT_FOUND", pathname);
      case 503:
        return createProblem("EXECUTOR_UNREACHABLE", pathname);
      default:
        return createProblem("EXECUTOR_ANSWER", pathname);
    }
  };
}

export function refuseToken(services: EdgeServices, pathname: string): Response {
  services.metrics.count("raptor_edge_refusals_total", { reason: "token" });
  services.quietLog("token", { pathname: pathname.slice(0, 64) }, "token refused");
  return createProblem("UNAUTHORIZED", pathname, { headers: BEARER_CHALLENGE });
}

/** A number, or NaN, which the shared schema refuses in words. */
function toNumber(text: string): number {
  const parsed = wholeNumber.safeParse(text);
  return parsed.success ? parsed.data : Number.NaN;
}

function decodePath(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // A broken escape cannot be part of any job id, so the raw text finds nothing either.
    return segment;
  }
}
