import { ENTRY_OP, EXIT_OP, parseCallbackData } from "@raptor/shared/wire/callback.ts";
import type { TicketAction, TicketRow } from "@raptor/shared/domain/rows.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Job, JobOf } from "@raptor/shared/wire/job.ts";
import type { Panic } from "../engine/panic.ts";
import type { Tx } from "../ports/store.ts";
import { sol } from "../screens/numbers.ts";
import { NAV_OPS } from "../screens/screen.ts";
import type { TicketIssuer } from "./tickets.ts";

/** A pressed message that should show fresh buttons after a refusal. */
export interface PressedMessage {
  userId: number;
  chatId: number;
  messageId: number;
}

export type Admission =
  | {
      kind: "accepted";
      toast?: string;
      sentence?: string;
      /** Events that belong to the acceptance itself: ticket claims, switches. */
      apply(tx: Tx): void;
    }
  | { kind: "refused"; reason: string; sentence: string; followUp?: PressedMessage };

/** A deadline of a typed command may have passed only by this much clock difference. */
const DEADLINE_SKEW_MS = 1_000;

/** Decides whether an authentic job may happen, on the state of the accepting transaction. */
export class JobAdmission {
  readonly #clock: Clock;
  readonly #tickets: TicketIssuer;
  readonly #panic: Panic;
  readonly #allowed: ReadonlySet<number>;
  readonly #admins: ReadonlySet<number>;

  constructor(deps: {
    clock: Clock;
    tickets: TicketIssuer;
    panic: Panic;
    allowedUserIds: readonly number[];
    adminUserIds: readonly number[];
  }) {
    this.#clock = deps.clock;
    this.#tickets = deps.tickets;
    this.#panic = deps.panic;
    this.#allowed = new Set([...deps.allowedUserIds, ...deps.adminUserIds]);
    this.#admins = new Set(deps.adminUserIds);
  }

  /** People who are not on the allow-list leave nothing in the journal, however much they send. */
  checkStranger(job: Job): string | undefined {
    if (job.actor.kind !== "telegram") return undefined;
    const { userId, chatId } = job.actor;
    if (chatId !== userId) return "Raptor works in a private chat only. Nothing was done.";
    if (this.#allowed.has(userId)) return undefined;
    return `This desk is private. Your Telegram id is ${userId}; its owner can add it. Nothing was done.`;
  }

  decide(tx: Tx, job: Job): Admission {
    const late =
      job.deadlineMs !== undefined && this.#clock.nowMs() > job.deadlineMs + DEADLINE_SKEW_MS;
    if (late) {
      const sentence = "This command came too late and has expired. Nothing was bought.";
      return { kind: "refused", reason: "stale", sentence };
    }
    switch (job.kind) {
      case "press":
        return this.#decidePress(tx, job);
      case "setTradingState":
        return this.#decideTradingState(job);
      case "pause":
      case "resume":
        if (job.actor.kind !== "telegram") return refuse("foreign", "This needs a person.");
        return this.#decidePause(tx, job.actor.userId, job.kind === "pause", job.id);
      default:
        return { kind: "accepted", apply: () => {} };
    }
  }

  #decidePress(tx: Tx, job: JobOf<"press">): Admission {
    if (job.actor.kind !== "telegram") return refuse("foreign", "This button is not yours.");
    const { userId, chatId } = job.actor;
    const data = { op: job.op, arg: job.arg, ticket: job.ticket, tag: job.tag };
    const isShaped = parseCallbackData(`1${job.op}${job.arg}.${job.ticket}.${job.tag}`);
    if (isShaped === undefined || !this.#tickets.isGenuine(chatId, data)) {
      return refuse("forged-button", "This button was not made here. Nothing was done.");
    }
    if (job.op === NAV_OPS.pause || job.op === NAV_OPS.resume) {
      const decided = this.#decidePause(tx, userId, job.op === NAV_OPS.pause, job.id);
      if (decided.kind === "refused" || decided.sentence === undefined) return decided;
      return { kind: "accepted", toast: decided.sentence, apply: decided.apply };
    }
    if (job.op !== ENTRY_OP && job.op !== EXIT_OP) return { kind: "accepted", apply: () => {} };
    const pressed: PressedMessage = { userId, chatId, messageId: job.messageId };
    const ticket = tx.ticket(job.ticket);
    const problem = this.#checkTicket(tx, job, ticket);
    if (problem !== undefined) return { ...problem, followUp: pressed };
    const action = (ticket as TicketRow).action;
    return {
      kind: "accepted",
      toast: toastOf(action),
      apply: (inner) => {
        const payload = { ticket: job.ticket, jobId: job.id, userId };
        inner.append({ stream: `job:${job.id}`, kind: "TicketClaimed", payload });
        if (action.kind === "panic") this.#panic.open(inner, userId, job.id);
      },
    };
  }

  #checkTicket(
    tx: Tx,
    job: JobOf<"press">,
    ticket: TicketRow | undefined,
  ): Extract<Admission, { kind: "refused" }> | undefined {
    const claim = tx.ticketClaim(job.ticket);
    if (claim !== undefined && claim.jobId !== job.id) {
      return refuse("ticket-used", "Already used: this button works once. Here is a fresh one.");
    }
    if (ticket === undefined || ticket.expiresMs < this.#clock.nowMs()) {
      return refuse(
        "ticket-expired",
        "This button has expired; nothing was done. Here is a fresh one.",
      );
    }
    const { actor } = job;
    const isOwner = actor.kind === "telegram" && actor.userId === ticket.userId;
    if (!isOwner || actor.chatId !== ticket.chatId) {
      return refuse("ticket-foreign", "This button belongs to somebody else. Nothing was done.");
    }
    return undefined;
  }

  #decideTradingState(job: JobOf<"setTradingState">): Admission {
    const by = job.actor.kind === "telegram" ? `telegram:${job.actor.userId}` : job.actor.kind;
    const isAdmin = job.actor.kind === "admin" || this.#isAdmin(job);
    if (!isAdmin) {
      return refuse("not-admin", "Only an admin may use the kill switch. Nothing was changed.");
    }
    const { state, reason, id: jobId } = job;
    const meaning = {
      active: "all trading",
      reducing: "exits only",
      halted: "exits only, no entry",
    };
    return {
      kind: "accepted",
      sentence: `Trading is now ${state}: ${meaning[state]}.`,
      apply: (tx) => {
        const payload = { state, reason, by, jobId };
        tx.append({ stream: "control", kind: "TradingStateChanged", payload });
      },
    };
  }

  #decidePause(tx: Tx, userId: number, paused: boolean, jobId: string): Admission {
    const user = tx.user(userId);
    if (user === undefined) return refuse("unknown-user", "Press /start first.");
    if (!paused && user.panicId !== null) {
      return refuse("panic-open", "Panic is still selling; /resume works when it is done.");
    }
    const stream = `user:${userId}`;
    return {
      kind: "accepted",
      sentence: paused
        ? "Paused: no new buys. Exits and sells go on."
        : "Resumed: buys are allowed again.",
      apply: (inner) => {
        const payload = { userId, paused, jobId };
        inner.append({ stream, kind: "UserPausedChanged", payload });
        if (!paused && user.heldReason !== "") {
          const reason = "resumed by the person";
          inner.append({ stream, kind: "EntriesReleased", payload: { userId, reason } });
        }
      },
    };
  }

  #isAdmin(job: Job): boolean {
    return job.actor.kind === "telegram" && this.#admins.has(job.actor.userId);
  }
}

function refuse(reason: string, sentence: string): Extract<Admission, { kind: "refused" }> {
  return { kind: "refused", reason, sentence };
}

function toastOf(action: TicketAction): string {
  switch (action.kind) {
    case "buy":
      return `Buying for ${sol(action.notionalLamports)} SOL…`;
    case "sell":
      return `Selling ${action.quantityBps / 100} %…`;
    case "panic":
      return "Panic: selling everything…";
    default:
      return "Done.";
  }
}
