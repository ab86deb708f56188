import { ENTRY_OP, EXIT_OP, parseCallbackData } from "@raptor/shared/wire/callback.ts";
import type { TicketAction, TicketRow } from "@raptor/shared/domain/rows.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { isUrgentJob, type Job, type JobOf } from "@raptor/shared/wire/job.ts";
import type { Panic } from "../engine/panic.ts";
import type { Tx } from "../ports/store.ts";
import { exactSol } from "../screens/numbers.ts";
import { NAV_OPS } from "../screens/screen.ts";
import { Switches, type SwitchDeps } from "./switches.ts";
import { checkRestored } from "./restored.ts";
import type { TicketIssuer } from "./tickets.ts";
import type { WalletKeys } from "./wallet-keys.ts";

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
  | {
      kind: "refused";
      reason: string;
      sentence: string;
      followUp?: PressedMessage;
      /** Notices that belong to the refusal itself. */
      tell?(tx: Tx): void;
    };

/** A deadline of a typed command may have passed only by this much clock difference. */
const DEADLINE_SKEW_MS = 1_000;

/** Decides whether an authentic job may happen, on the state of the accepting transaction. */
export class JobAdmission {
  readonly #clock: Clock;
  readonly #tickets: TicketIssuer;
  readonly #panic: Panic;
  readonly #switches: Switches;
  readonly #walletKeys: Pick<WalletKeys, "refusalFor">;
  readonly #allowed: ReadonlySet<number>;
  readonly #admins: ReadonlySet<number>;

  constructor(deps: {
    clock: Clock;
    tickets: TicketIssuer;
    panic: Panic;
    notices: SwitchDeps["notices"];
    walletKeys: Pick<WalletKeys, "refusalFor">;
    allowedUserIds: readonly number[];
    adminUserIds: readonly number[];
  }) {
    this.#clock = deps.clock;
    this.#tickets = deps.tickets;
    this.#panic = deps.panic;
    this.#walletKeys = deps.walletKeys;
    this.#switches = new Switches(deps);
    this.#allowed = new Set([...deps.allowedUserIds, ...deps.adminUserIds]);
    this.#admins = new Set(deps.adminUserIds);
  }

  /** People who are not on the allow-list leave nothing in the journal, however much they send. */
  checkStranger(job: Job): string | undefined {
    if (job.actor.kind !== "telegram") return undefined;
    const { userId, chatId } = job.actor;
    if (chatId !== userId) return "Raptor works in a private chat only. Nothing was done.";
    if (this.isAllowed(userId)) {
      // What stops trading needs no wallet.
      return isUrgentJob(job) ? undefined : this.#walletKeys.refusalFor(userId);
    }
    return `This desk is private. Your Telegram id is ${userId}; its owner can add it. Nothing was done.`;
  }

  isAllowed(userId: number): boolean {
    return this.#allowed.has(userId);
  }

  /** `isRedelivered`: nobody reads the answer, so what it says must become a notice. */
  decide(tx: Tx, job: Job, isRedelivered: boolean): Admission {
    const decided = this.#decide(tx, job, isRedelivered);
    if (decided.kind === "accepted" || !isSwitch(job)) return decided;
    const tell = (inner: Tx): void => this.#switches.tellIfLate(inner, job, decided.sentence);
    return { ...decided, tell };
  }

  #decide(tx: Tx, job: Job, isRedelivered: boolean): Admission {
    const late =
      job.deadlineMs !== undefined && this.#clock.nowMs() > job.deadlineMs + DEADLINE_SKEW_MS;
    if (late) {
      const sentence = `This command came too late and has expired. ${nothingDoneBy(job)}`;
      return { kind: "refused", reason: "stale", sentence };
    }
    const restored = checkRestored(tx, job);
    if (restored !== undefined) {
      return { kind: "refused", reason: "before-restore", sentence: restored };
    }
    switch (job.kind) {
      case "press":
        return this.#decidePress(tx, job, isRedelivered);
      case "setTradingState":
        return this.#decideTradingState(tx, job, isRedelivered);
      case "pause":
      case "resume":
        if (job.actor.kind !== "telegram") return refuse("foreign", "This needs a person.");
        return this.#switches.decidePause(tx, job, {
          userId: job.actor.userId,
          paused: job.kind === "pause",
          isRedelivered,
        });
      case "setExits":
        if (job.actor.kind === "admin") return { kind: "accepted", apply: () => {} };
        return refuse("not-admin", "Only the operator may do this. Nothing was changed.");
      default:
        return { kind: "accepted", apply: () => {} };
    }
  }

  #decidePress(tx: Tx, job: JobOf<"press">, isRedelivered: boolean): Admission {
    if (job.actor.kind !== "telegram") return refuse("foreign", "This button is not yours.");
    const { userId, chatId } = job.actor;
    const data = { op: job.op, arg: job.arg, ticket: job.ticket, tag: job.tag };
    const isShaped = parseCallbackData(`1${job.op}${job.arg}.${job.ticket}.${job.tag}`);
    if (isShaped === undefined || !this.#tickets.isGenuine(chatId, data)) {
      return refuse("forged-button", "This button was not made here. Nothing was done.");
    }
    if (job.op === NAV_OPS.pause) {
      const decided = this.#switches.decidePause(tx, job, { userId, paused: true, isRedelivered });
      if (decided.kind === "refused") return decided;
      return { kind: "accepted", toast: decided.sentence, apply: decided.apply };
    }
    if (job.op !== ENTRY_OP && job.op !== EXIT_OP) return { kind: "accepted", apply: () => {} };
    const pressed: PressedMessage = { userId, chatId, messageId: job.messageId };
    const ticket = tx.ticket(job.ticket);
    const problem = this.#checkTicket(tx, job, ticket);
    if (problem !== undefined) return { ...problem, followUp: pressed };
    const action = (ticket as TicketRow).action;
    const claim = (inner: Tx): void => {
      const payload = { ticket: job.ticket, jobId: job.id, userId };
      inner.append({ stream: `job:${job.id}`, kind: "TicketClaimed", payload });
    };
    if (action.kind === "resume") {
      const wish = { userId, paused: false, isRedelivered, shownMs: action.shownMs };
      const decided = this.#switches.decidePause(tx, job, wish);
      if (decided.kind === "refused") return { ...decided, followUp: pressed };
      return {
        kind: "accepted",
        toast: decided.sentence,
        apply: (inner) => {
          claim(inner);
          decided.apply(inner);
        },
      };
    }
    if (action.kind === "releaseEntries") {
      const pausedMs = tx.user(userId)?.pausedMs ?? 0;
      if ((action.shownMs ?? pausedMs) < pausedMs) {
        const sentence = "Something has changed since this was shown: look at the newest notice.";
        return { ...refuse("stale", `${sentence} Buys still wait.`), followUp: pressed };
      }
    }
    return {
      kind: "accepted",
      toast: toastOf(action),
      apply: (inner) => {
        claim(inner);
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

  #decideTradingState(tx: Tx, job: JobOf<"setTradingState">, isRedelivered: boolean): Admission {
    const isAdmin = job.actor.kind === "admin" || this.#isAdmin(job);
    if (!isAdmin) {
      return refuse("not-admin", "Only an admin may use the kill switch. Nothing was changed.");
    }
    return this.#switches.decideTradingState(tx, job, isRedelivered);
  }

  #isAdmin(job: Job): boolean {
    return job.actor.kind === "telegram" && this.#admins.has(job.actor.userId);
  }
}

function refuse(reason: string, sentence: string): Extract<Admission, { kind: "refused" }> {
  return { kind: "refused", reason, sentence };
}

function isSwitch(job: Job): boolean {
  return job.kind === "setTradingState" || job.kind === "pause" || job.kind === "resume";
}

function nothingDoneBy(job: Job): string {
  if (job.kind === "setTradingState") return "Trading stays as it was.";
  return job.kind === "resume" ? "Nothing was changed." : "Nothing was bought.";
}

function toastOf(action: TicketAction): string {
  switch (action.kind) {
    case "buy":
      return `Buying for ${exactSol(action.notionalLamports)} SOL…`;
    case "sell":
      return `Selling ${action.quantityBps / 100} %…`;
    case "panic":
      return "Panic: selling everything…";
    case "reclaimNonces":
      return "Taking the rent back…";
    case "adoptTokens":
      return "Taking them in…";
    case "ignoreTokens":
      return "Left apart.";
    case "armEntry":
      return "Arming the limit buy…";
    case "disarmEntry":
      return "Calling it off…";
    case "changeExits":
    case "setExitPreset":
      return "Changing the exits…";
    default:
      return "Done.";
  }
}
