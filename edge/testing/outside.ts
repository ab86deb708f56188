import { TEST_SETTINGS } from "./settings.ts";

/** Bindings of the Worker under test. */
export const TEST_BINDINGS: Record<string, string> = { ...TEST_SETTINGS };

const ANSWER = { status: "accepted", epoch: 3, sentence: "taken by the outside" };

/** Executor, QStash and Redis as one outbound service, for the tests of the real Worker. */
export function answerAsOutside(request: { url: string }): Response {
  const { hostname, pathname } = new URL(request.url);
  if (hostname === "executor.test" && pathname === "/jobs") {
    return Response.json(ANSWER, { status: 202 });
  }
  if (hostname === "executor.test" && pathname === "/health") {
    return Response.json({ phase: "ready", tradingState: "active" });
  }
  if (hostname === "redis.test") return Response.json({ result: null });
  return new Response("nobody is here", { status: 502 });
}
