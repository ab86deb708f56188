import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Edge } from "./app.ts";
import { type EdgeEnv, parseEdgeEnv } from "./env.ts";
import { createProblem } from "./middleware/problem.ts";

type Bindings = Readonly<Record<string, unknown>>;

/**
 * The Worker's life: settings are read by the first request and the edge made from them serves
 * until the isolate ends. With unusable settings every request is told which ones, never what
 * they hold.
 */
export function createWorker(
  start: (env: EdgeEnv) => Edge,
  onInvalid: (problems: string) => void,
): (request: Request, bindings: Bindings) => Promise<Response> {
  let edge: Edge | undefined;
  let problems: string | undefined;

  function read(bindings: Bindings): void {
    try {
      edge = start(parseEdgeEnv(bindings));
    } catch (error) {
      if (!isRaptorError(error, "RAPTOR_ENV__INVALID")) throw error;
      problems = String(error.context["problems"]);
      onInvalid(problems);
    }
  }

  return async (request, bindings) => {
    if (edge === undefined && problems === undefined) read(bindings);
    if (edge !== undefined) return edge.fetch(request);
    return createProblem("SETTINGS_INVALID", new URL(request.url).pathname, {
      detail: `Nothing is accepted and no money moves until this is corrected: ${problems}`,
    });
  };
}
