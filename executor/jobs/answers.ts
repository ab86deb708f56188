import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { JobOf } from "@raptor/shared/wire/job.ts";
import type { Store } from "../ports/store.ts";
import { parseSolAmount } from "./amounts.ts";
import type { Display, Target } from "./display.ts";
import type { EntryDesk } from "./entry-desk.ts";
import type { ExitDesk } from "./exit-desk.ts";
import {
  ALREADY_ANSWERED,
  CANCELED,
  claimPrompt,
  findPrompt,
  findRulePrompt,
  NOT_ASKED,
  NOTHING_TO_CANCEL,
  RULES_STAY,
} from "./prompts.ts";
import type { Trading } from "./trading.ts";

interface AnswersDeps {
  store: Store;
  clock: Clock;
  trading: Trading;
  exitDesk: ExitDesk;
  entryDesk: EntryDesk;
}

/** What a person types without a command: an answer to what the desk asked, or nothing. */
export class Answers {
  readonly #deps: AnswersDeps;
  readonly #display: Display;

  constructor(deps: AnswersDeps, display: Display) {
    this.#deps = deps;
    this.#display = display;
  }

  async take(target: Target, job: JobOf<"say">): Promise<string> {
    const { store, clock, trading } = this.#deps;
    const { chatId } = target;
    const where = { chatId, nowMs: clock.nowMs(), to: job.replyToMessageId };
    const rule = findRulePrompt(store, where);
    if (rule !== undefined) return this.#takeRule(target, job, rule);
    const prompt = findPrompt(store, where);
    const isCancel = job.text === "/cancel";
    if (prompt === undefined) {
      return this.#display.tell(target, isCancel ? NOTHING_TO_CANCEL : NOT_ASKED);
    }
    const amount = parseSolAmount(job.text);
    if (!isCancel && !amount.ok) {
      return this.#display.tell(target, [
        "Not bought",
        amount.sentence,
        "Send another number or /cancel.",
      ]);
    }
    if (!(await store.transact((tx) => claimPrompt(tx, prompt, job)))) {
      return this.#display.tell(target, isCancel ? NOTHING_TO_CANCEL : ALREADY_ANSWERED);
    }
    if (isCancel) return this.#display.tell(target, CANCELED);
    return trading.buyTyped(target, job, prompt.mint, job.text);
  }

  async #takeRule(
    target: Target,
    job: JobOf<"say">,
    { view, prompt }: NonNullable<ReturnType<typeof findRulePrompt>>,
  ): Promise<string> {
    const { store, exitDesk, entryDesk } = this.#deps;
    if (job.text !== "/cancel") {
      if (view.kind === "entryPrompt") return entryDesk.answer(target, view.mint, job.text);
      return exitDesk.answer(target, view.positionId, job.text);
    }
    await store.transact((tx) => claimPrompt(tx, prompt, job));
    return this.#display.tell(target, RULES_STAY);
  }
}
