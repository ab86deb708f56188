import { z } from "zod";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import { haltByOperator } from "../engine/operator-halt.ts";
import type { Panic } from "../engine/panic.ts";
import type { ReadModels } from "../engine/read-models.ts";
import type { Notices } from "../ports/notices.ts";
import {
  OPERATOR_REASON_CHARS_MAX,
  type OperatorAnswer,
  type OperatorRequest,
} from "../ports/operator.ts";
import type { Store } from "../ports/store.ts";

const requestSchema: z.ZodType<OperatorRequest> = z.discriminatedUnion("cmd", [
  z.strictObject({ cmd: z.literal("status") }),
  z.strictObject({ cmd: z.literal("positions") }),
  z.strictObject({
    cmd: z.literal("kill"),
    reason: z.string().min(1).max(OPERATOR_REASON_CHARS_MAX),
    panic: z.boolean(),
  }),
]);

export interface OperatorDeskDeps {
  store: Pick<Store, "transact">;
  reads: Pick<ReadModels, "status" | "positions">;
  panic: Pick<Panic, "follow">;
  notices: Pick<Notices, "alertAdmins">;
  clock: Clock;
  log: Log;
  /** Whether orders may be started now; otherwise the next start goes on with an open panic. */
  isReady(): boolean;
}

/** Answers the command line of the machine. It can look and it can stop, and nothing else. */
export class OperatorDesk {
  readonly #deps: OperatorDeskDeps;

  constructor(deps: OperatorDeskDeps) {
    this.#deps = deps;
  }

  /** Never throws for what was asked: every problem is an answer. */
  async answer(text: string): Promise<OperatorAnswer> {
    const request = parseRequest(text);
    if (request === undefined) return { ok: false, problem: "the request was not understood" };
    const { reads } = this.#deps;
    switch (request.cmd) {
      case "status":
        return { ok: true, result: reads.status() };
      case "positions":
        return { ok: true, result: reads.positions(null) };
      case "kill":
        return this.#kill(request);
    }
  }

  /** Answers after the commit: what the terminal reads has happened. */
  async #kill(request: Extract<OperatorRequest, { cmd: "kill" }>): Promise<OperatorAnswer> {
    const { store, notices, clock, log, panic, isReady } = this.#deps;
    const { reason, panic: isPanic } = request;
    try {
      const halted = await store.transact((tx) => {
        const done = haltByOperator(tx, { reason, isPanic, nowMs: clock.nowMs() });
        notices.alertAdmins(tx, done.key, done.lines);
        return done;
      });
      // Why is free text: the journal keeps it where it can be purged, and a log is no such place.
      log.warn({ isPanic }, "trading was halted from the command line");
      // What is committed is no problem any more: selling outlasts a disk that takes nothing now.
      if (isReady()) for (const userId of halted.panicUserIds) panic.follow(userId);
      return { ok: true, result: { lines: halted.lines } };
    } catch (error) {
      if (!isRaptorError(error)) throw error;
      return { ok: false, problem: error.message };
    }
  }
}

function parseRequest(text: string): OperatorRequest | undefined {
  try {
    return requestSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
