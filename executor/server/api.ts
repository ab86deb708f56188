import { z } from "zod";
import { JOB_TYP, READ_TYP, jobClaimsSchema, readClaimsSchema } from "@raptor/shared/wire/jws.ts";
import type { JobAnswer } from "@raptor/shared/wire/answer.ts";
import type { ApiScope } from "@raptor/shared/wire/job.ts";
import type { Read, StatusView } from "@raptor/shared/wire/read.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { ReadModels } from "../engine/read-models.ts";
import type { JobAdmission } from "../jobs/admission.ts";
import type { ApiTokens } from "../jobs/api-tokens.ts";
import type { JobIntake } from "../jobs/intake.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { Reader } from "../ports/store.ts";
import type { JwsProblem, JwsVerifier } from "./verify-jws.ts";

export interface ApiAnswer {
  status: number;
  body: unknown;
  retryAfterS?: number;
}

export interface ApiDeps {
  verifier: Pick<JwsVerifier, "verify">;
  intake: Pick<JobIntake, "accept">;
  reads: ReadModels;
  store: Pick<Reader, "activeTokens" | "epoch" | "job">;
  apiTokens: Pick<ApiTokens, "sha256Of">;
  admission: Pick<JobAdmission, "isAllowed">;
  clock: Clock;
  log: Log;
  metrics: Metrics;
}

/** At most one log line a second for each kind of rubbish: a flood must not fill the disk. */
const REFUSAL_LOG_MS = 1_000;

/** Signed jobs and signed reads. Knows nothing of HTTP but status numbers. */
export class ExecutorApi {
  readonly #deps: ApiDeps;
  readonly #lastLogMs = new Map<string, number>();

  constructor(deps: ApiDeps) {
    this.#deps = deps;
  }

  /** For what is refused before its signature was looked at. */
  refuseUnread(status: 405 | 413 | 415, problem: string): ApiAnswer {
    this.#noteRefusal(problem);
    return { status, body: this.#error(problem, "the message was not read; nothing was done") };
  }

  async job(jws: string): Promise<ApiAnswer> {
    const { verifier, clock, intake } = this.#deps;
    const verified = verifier.verify(jws, JOB_TYP, clock.nowMs());
    if (!verified.ok) return this.#refuseJws(verified.problem);
    const claims = jobClaimsSchema.safeParse(verified.claims);
    if (!claims.success) {
      this.#noteRefusal("shape");
      return { status: 422, body: this.#error("invalid", z.prettifyError(claims.error)) };
    }
    const { status, answer, retryAfterS } = await intake.accept(
      claims.data.job,
      claims.data.redelivered === true,
    );
    return retryAfterS === undefined
      ? { status, body: answer }
      : { status, body: answer, retryAfterS };
  }

  read(jws: string): ApiAnswer {
    const { verifier, clock } = this.#deps;
    const verified = verifier.verify(jws, READ_TYP, clock.nowMs());
    if (!verified.ok) return this.#refuseJws(verified.problem);
    const claims = readClaimsSchema.safeParse(verified.claims);
    if (!claims.success) {
      this.#noteRefusal("shape");
      return { status: 422, body: this.#error("invalid", "unknown read") };
    }
    const { read } = claims.data;
    const principal = this.#principalOf(read);
    if (principal === "unknown") {
      this.#noteRefusal("token");
      return { status: 401, body: this.#error("token", "unknown token") };
    }
    if (principal === "scope") {
      this.#noteRefusal("scope");
      return { status: 403, body: this.#error("scope", "missing scope") };
    }
    return this.#answerRead(read, principal.userId);
  }

  #answerRead(read: Read, userId: number | null): ApiAnswer {
    const { reads } = this.#deps;
    switch (read.kind) {
      case "status":
        return { status: 200, body: this.#statusFor(userId) };
      case "positions":
        return { status: 200, body: { positions: reads.positions(userId) } };
      case "trades": {
        const trades = reads.trades(userId, read.limit, read.before ?? null);
        const nextBefore = trades.length === read.limit ? (trades.at(-1)?.seq ?? null) : null;
        return { status: 200, body: { trades, nextBefore } };
      }
      case "job": {
        const view = reads.job(read.id);
        const isForeign = userId !== null && this.#deps.store.job(read.id)?.userId !== userId;
        if (view === undefined || isForeign) {
          return { status: 404, body: this.#error("not-found", "no such job") };
        }
        return { status: 200, body: view };
      }
    }
  }

  /** A person's status shows only that person's positions and drift. */
  #statusFor(userId: number | null): StatusView {
    const { reads } = this.#deps;
    const status = reads.status();
    if (userId === null) return status;
    const { lastReconcile } = status;
    const drift = lastReconcile?.drift.filter((one) => one.userId === userId) ?? [];
    return {
      ...status,
      openPositions: reads.positions(userId).length,
      lastReconcile: lastReconcile === null ? null : { ...lastReconcile, drift },
    };
  }

  #principalOf(read: Read): { userId: number | null } | "unknown" | "scope" {
    if (read.principal.kind === "admin") return { userId: null };
    const { tokenSha256 } = read.principal;
    const { store, apiTokens, admission } = this.#deps;
    const row = store
      .activeTokens()
      .find((token) => apiTokens.sha256Of(token.tokenId) === tokenSha256);
    // Only its person could revoke it, and whoever left the allow-list is not listened to any more.
    if (row === undefined || !admission.isAllowed(row.userId)) return "unknown";
    return row.scopes.includes(SCOPE_OF[read.kind]) ? { userId: row.userId } : "scope";
  }

  #refuseJws(problem: JwsProblem): ApiAnswer {
    this.#noteRefusal(problem);
    const status = problem === "too-large" ? 413 : 401;
    return { status, body: this.#error(problem, "the message is not believed; nothing was done") };
  }

  #noteRefusal(problem: string): void {
    const { metrics, log, clock } = this.#deps;
    metrics.count("jobs_refused_total", { reason: problem });
    const nowMs = clock.monotonicMs();
    if (nowMs - (this.#lastLogMs.get(problem) ?? -REFUSAL_LOG_MS) < REFUSAL_LOG_MS) return;
    this.#lastLogMs.set(problem, nowMs);
    log.warn({ problem }, "a message was refused");
  }

  #error(code: string, sentence: string): JobAnswer {
    const epoch = this.#deps.store.epoch();
    return { status: "error", code, sentence: sentence.slice(0, 1_000), epoch };
  }
}

const SCOPE_OF: Readonly<Record<Read["kind"], ApiScope>> = {
  status: "status",
  positions: "positions",
  trades: "trades",
  job: "jobs",
};
