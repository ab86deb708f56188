import { isObjectText, parseJsonText } from "./json-text.ts";
import type { Net } from "@raptor/shared/seams/net.ts";
import { NetFailure } from "@raptor/shared/seams/net.ts";
import { type JobAnswer, jobAnswerSchema } from "@raptor/shared/wire/answer.ts";
import { JWS_CONTENT_TYPE } from "@raptor/shared/wire/jws.ts";
import type { Metrics } from "../middleware/metrics.ts";

/** How one direct try ended. */
export type DoorResult =
  | { kind: "taken"; answer: JobAnswer }
  | { kind: "refused"; status: number; code: string; answer: JobAnswer | undefined }
  /** Not taken, as far as is known. `isCertain`: the job cannot have reached the executor. */
  | { kind: "closed"; isCertain: boolean; cause: string };

export type ReadResult =
  | { kind: "answered"; status: number; body: string }
  | { kind: "closed"; cause: string };

export interface ExecutorDoor {
  postJob(jws: string): Promise<DoorResult>;
  postRead(jws: string): Promise<ReadResult>;
  fetchHealth(): Promise<ReadResult>;
}

const ANSWER_BYTES_MAX = 64 * 1024;
const READ_BYTES_MAX = 4 * 1024 * 1024;
const REFUSED_FOR_GOOD: ReadonlySet<number> = new Set([401, 409, 413, 422]);
/**
 * Statuses of an executor that says no, or of Cloudflare's proxy when it could not even connect
 * (521 refused, 523 unreachable, 530 no such name). 502, 504, 520, 522 and 524 prove nothing.
 */
const OUTRIGHT_NO: ReadonlySet<number> = new Set([503, 429, 404, 403, 521, 523, 530]);

export function createExecutorDoor(
  settings: { EXECUTOR_URL: string; EXECUTOR_TIMEOUT_MS: number },
  net: Pick<Net, "fetch">,
  metrics: Metrics,
): ExecutorDoor {
  function post(path: string, jws: string, responseBytesMax: number) {
    return net.fetch({
      url: `${settings.EXECUTOR_URL}${path}`,
      method: "POST",
      headers: { "content-type": JWS_CONTENT_TYPE },
      body: jws,
      timeoutMs: settings.EXECUTOR_TIMEOUT_MS,
      responseBytesMax,
    });
  }

  async function postJob(jws: string): Promise<DoorResult> {
    const result = await tryJob(jws);
    metrics.count("raptor_edge_executor_total", { call: "job", outcome: outcomeOf(result) });
    return result;
  }

  async function tryJob(jws: string): Promise<DoorResult> {
    try {
      const { status, body } = await post("/jobs", jws, ANSWER_BYTES_MAX);
      return classifyJobAnswer(status, body);
    } catch (error) {
      return { kind: "closed", ...causeOf(error) };
    }
  }

  async function answerOf(call: string, response: Promise<{ status: number; body: string }>) {
    const result = await settleRead(response);
    const outcome = result.kind === "answered" ? String(result.status) : result.cause;
    metrics.count("raptor_edge_executor_total", { call, outcome });
    return result;
  }

  return {
    postJob,
    postRead: (jws) => answerOf("read", post("/reads", jws, READ_BYTES_MAX)),
    fetchHealth: () =>
      answerOf(
        "health",
        net.fetch({
          url: `${settings.EXECUTOR_URL}/health`,
          method: "GET",
          timeoutMs: settings.EXECUTOR_TIMEOUT_MS,
          responseBytesMax: ANSWER_BYTES_MAX,
        }),
      ),
  };
}

function classifyJobAnswer(status: number, body: string): DoorResult {
  const parsed = jobAnswerSchema.safeParse(parseJsonText(body));
  const answer = parsed.success ? parsed.data : undefined;
  if (status >= 200 && status < 300) {
    // Whatever stands between can answer success too. Only the executor's own words are a promise;
    // without them the job is handed on once more, and the executor knows it by its id.
    if (answer !== undefined) return { kind: "taken", answer };
    return { kind: "closed", isCertain: false, cause: "success without an answer" };
  }
  if (REFUSED_FOR_GOOD.has(status)) {
    return { kind: "refused", status, code: answer?.code ?? "none", answer };
  }
  return { kind: "closed", isCertain: OUTRIGHT_NO.has(status), cause: `status ${status}` };
}

async function settleRead(
  response: Promise<{ status: number; body: string }>,
): Promise<ReadResult> {
  try {
    const { status, body } = await response;
    if (status === 200 && !isObjectText(body)) return { kind: "closed", cause: "not JSON" };
    return { kind: "answered", status, body };
  } catch (error) {
    return { kind: "closed", cause: causeOf(error).cause };
  }
}

function causeOf(error: unknown): { isCertain: boolean; cause: string } {
  if (error instanceof NetFailure) {
    return { isCertain: error.kind === "refused", cause: error.kind };
  }
  throw error;
}

function outcomeOf(result: DoorResult): string {
  if (result.kind === "taken") return result.answer.status;
  return result.kind === "refused" ? `refused ${result.status}` : result.cause;
}
