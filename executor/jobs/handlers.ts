import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { IdSource } from "@raptor/shared/seams/chance.ts";
import type { View } from "@raptor/shared/domain/rows.ts";
import type { Job, JobOf } from "@raptor/shared/wire/job.ts";
import { mintOf } from "../engine/ids.ts";
import type { NoncePool } from "../engine/nonce-pool.ts";
import type { OrderDriver } from "../engine/order-driver.ts";
import type { Panic } from "../engine/panic.ts";
import type { Reconciler } from "../engine/reconcile.ts";
import type { Store, Tx } from "../ports/store.ts";
import { noticeScreen, panicStartedScreen } from "../screens/plain.ts";
import { NAV_OPS } from "../screens/screen.ts";
import type { Accounts } from "./accounts.ts";
import type { PressedMessage } from "./admission.ts";
import { Answers } from "./answers.ts";
import type { ApiTokens } from "./api-tokens.ts";
import { Display, type Target } from "./display.ts";
import { isEntryAction, type EntryDesk } from "./entry-desk.ts";
import { isExitAction, type ExitDesk } from "./exit-desk.ts";
import { finish } from "./finish-job.ts";
import { redeemFound } from "./found.ts";
import type { Presenter } from "./presenter.ts";
import type { TicketIssuer } from "./tickets.ts";
import { TokenDesk } from "./token-desk.ts";
import type { Trading } from "./trading.ts";
import type { WalletKeys } from "./wallet-keys.ts";

export interface HandlerDeps {
  store: Store;
  clock: Clock;
  ids: IdSource;
  accounts: Accounts;
  presenter: Presenter;
  trading: Trading;
  exitDesk: ExitDesk;
  entryDesk: EntryDesk;
  driver: OrderDriver;
  panic: Panic;
  pool: Pick<NoncePool, "reclaim">;
  reconciler: Reconciler;
  apiTokens: ApiTokens;
  tickets: TicketIssuer;
  walletKeys: Pick<WalletKeys, "refusalFor">;
}

/** Turns an accepted job into orders, screens and switches. Running one twice does it once. */
export class JobHandlers {
  readonly #deps: HandlerDeps;
  readonly #display: Display;
  readonly #tokens: TokenDesk;
  readonly #answers: Answers;

  constructor(deps: HandlerDeps) {
    this.#deps = deps;
    this.#display = new Display(deps);
    this.#tokens = new TokenDesk(deps, this.#display);
    this.#answers = new Answers(deps, this.#display);
  }

  async run(job: Job): Promise<void> {
    if (this.#deps.store.job(job.id)?.state !== "pending") return;
    if (job.actor.kind === "telegram") {
      const { accounts, walletKeys } = this.#deps;
      const refusal = walletKeys.refusalFor(job.actor.userId);
      if (refusal !== undefined) return this.#endWithoutWallet(job, job.actor, refusal);
      await accounts.ensure(job.actor);
    }
    // After a crash the order of this job is the answer: what made it may look different by now.
    const outcome = this.#deps.trading.resume(job) ?? (await this.#dispatch(job));
    await this.#deps.store.transact((tx) => finish(tx, job, outcome));
  }

  /** What its acceptance did, such as a kill, stands, and was answered then. */
  #endWithoutWallet(
    job: Job,
    { userId, chatId }: Pick<Target, "userId" | "chatId">,
    refusal: string,
  ): Promise<void> {
    return this.#deps.store.transact((tx) => {
      finish(tx, job, "no wallet was made: the master key is a wrong one");
      if (job.kind === "setTradingState") return;
      const target: Target = { userId, chatId, key: `job:${job.id}`, messageId: null };
      this.#deps.presenter.put(tx, target, { kind: "notice" }, noticeScreen([refusal]));
    });
  }

  /** Shows a pressed message again with fresh buttons, after its button was refused. */
  async refreshPressed(userId: number, pressed: PressedMessage): Promise<void> {
    const { chatId, messageId } = pressed;
    const view = this.#deps.store.viewOf(chatId, messageId);
    if (view === undefined) return;
    const target: Target = { userId, chatId, key: `msg:${chatId}:${messageId}`, messageId };
    await this.#display.refresh(target, freshViewOf(view));
  }

  /** Tells a person, in the refusing transaction itself, what became of a late command. */
  tellLate(tx: Tx, job: Job, sentence: string): void {
    if (job.actor.kind !== "telegram") return;
    const { userId, chatId } = job.actor;
    if (tx.user(userId) === undefined) return;
    const target: Target = { userId, chatId, key: `late:${job.id}`, messageId: null };
    const screen = noticeScreen(["A command of yours came late", sentence]);
    this.#deps.presenter.put(tx, target, { kind: "notice" }, screen);
  }

  async #dispatch(job: Job): Promise<string> {
    const { reconciler, trading } = this.#deps;
    if (job.kind === "reconcile") {
      const result = await reconciler.run("schedule");
      return `${result.isComplete ? "complete" : "partial"}, ${result.drift.length} differences`;
    }
    if (job.kind === "setExits") {
      return this.#deps.exitDesk.set(job, (tx, outcome) => finish(tx, job, outcome));
    }
    if (job.actor.kind !== "telegram") return "recorded";
    const { userId, chatId } = job.actor;
    const target: Target = { userId, chatId, key: `job:${job.id}`, messageId: null };
    switch (job.kind) {
      case "start":
        return this.#display.show(target, { kind: "home" });
      case "showScreen":
        return this.#display.show(target, viewOfScreen(job.screen));
      case "showToken":
        return this.#display.show(target, { kind: "token", mint: job.mint });
      case "why":
        return this.#display.show(
          target,
          this.#deps.presenter.stories.viewOf(userId, job.about.trim()),
        );
      case "panic":
        return this.#display.show(target, { kind: "panicConfirm" });
      case "buy":
        return trading.buyTyped(target, job, job.mint, job.amountText);
      case "sell":
        return trading.sellTyped(target, job);
      case "say":
        return this.#answers.take(target, job);
      case "press":
        return this.#press(target, job);
      case "issueToken":
        return this.#tokens.issue(target, job);
      case "revokeTokens":
        return this.#tokens.revoke(target);
      default:
        return "recorded";
    }
  }

  async #press(target: Target, job: JobOf<"press">): Promise<string> {
    const { store, trading } = this.#deps;
    const { userId, chatId } = target;
    const { messageId } = job;
    const pressed: Target = { userId, chatId, key: `msg:${chatId}:${messageId}`, messageId };
    const view = store.viewOf(chatId, messageId);
    // The message of an order is its record and still changes by itself: nothing replaces it.
    const place = view?.kind === "order" ? target : pressed;
    const story = this.#deps.presenter.stories.viewOfPress(userId, job, view);
    if (story !== undefined) return this.#display.show(place, story);
    const exits = this.#deps.exitDesk.press({ here: place, fresh: target }, job, view);
    if (exits !== undefined) return exits;
    switch (job.op) {
      case NAV_OPS.home:
        return this.#display.show(place, { kind: "home" });
      case NAV_OPS.positions:
        return this.#display.show(place, {
          kind: "positions",
          page: Number.parseInt(job.arg, 36) || 0,
        });
      case NAV_OPS.token: {
        const mint = view?.kind === "order" ? store.order(view.orderId)?.instrument : undefined;
        if (mint === undefined) return this.#display.show(place, { kind: "home" });
        return this.#display.show(place, { kind: "token", mint: mintOf(mint) });
      }
      case NAV_OPS.sell:
        return this.#display.show(pressed, { kind: "sell" });
      case NAV_OPS.status:
        return this.#display.show(pressed, { kind: "status" });
      case NAV_OPS.help:
        return this.#display.show(pressed, { kind: "help" });
      case NAV_OPS.wallet:
        return this.#display.show(pressed, { kind: "wallet" });
      case NAV_OPS.askPanic:
        return this.#display.show(pressed, { kind: "panicConfirm" });
      case NAV_OPS.customBuy:
        if (view?.kind !== "token") return "nothing to buy";
        return trading.prompt(target, view.mint);
      case NAV_OPS.limitBuy:
        if (view?.kind !== "token") return "nothing to buy";
        return this.#deps.entryDesk.ask(target, view.mint);
      case NAV_OPS.entries:
        return this.#deps.entryDesk.show(place);
      case NAV_OPS.refresh:
      case NAV_OPS.pause:
        if (view === undefined) return "nothing to refresh";
        return this.#display.refresh(pressed, view);
      default:
        return this.#redeem(pressed, job);
    }
  }

  /** The ticket was claimed when the job was accepted; this does what it stands for. */
  async #redeem(target: Target, job: JobOf<"press">): Promise<string> {
    const { store, trading, panic } = this.#deps;
    const ticket = store.ticket(job.ticket);
    // Tickets are not part of the journal: after a restore they are void.
    if (ticket === undefined) {
      const lines = [
        "This button is void",
        "Nothing was done. Open the screen again for a new one.",
      ];
      return this.#display.tell({ ...target, key: `job:${job.id}`, messageId: null }, lines);
    }
    const { action } = ticket;
    if (isExitAction(action)) {
      return this.#deps.exitDesk.redeem(target, action, (tx, outcome) => finish(tx, job, outcome));
    }
    if (action.kind === "chooseProtect") {
      const end = (tx: Tx, outcome: string): void => finish(tx, job, outcome);
      return this.#deps.exitDesk.chooseProtect(target, action.protect, end);
    }
    if (isEntryAction(action)) {
      return this.#deps.entryDesk.redeem(target, job.id, action, (tx, outcome) =>
        finish(tx, job, outcome),
      );
    }
    switch (action.kind) {
      case "buy":
        return trading.buy(target, job, {
          mint: action.mint,
          notionalLamports: BigInt(action.notionalLamports),
          slippageBpsMax: action.slippageBpsMax,
          guardOverride: action.guardOverride,
        });
      case "sell":
        return trading.sell(target, job, action.positionId, action.quantityBps);
      case "resume": {
        const view = store.viewOf(target.chatId, job.messageId);
        return this.#display.refresh(target, freshViewOf(view ?? { kind: "home" }));
      }
      case "panic":
        await this.#showPanic(target);
        await panic.advance(target.userId);
        return "panic opened";
      case "releaseEntries":
        return this.#releaseEntries(target, job, action.shownMs);
      case "reclaimNonces":
        return this.#reclaimNonces(target, job);
      case "adoptTokens":
      case "ignoreTokens":
        return redeemFound(this.#deps, target, job, action, (tx, outcome) =>
          finish(tx, job, outcome),
        );
    }
  }

  /**
   * Allows buys that were held when the button was made. The press may have waited in its lane, or
   * for a restart: what was held since has a notice of its own. Buttons of earlier releases carry
   * no time, and theirs is when they were pressed.
   */
  async #releaseEntries(target: Target, { id }: Job, shownMs?: number): Promise<string> {
    const { userId } = target;
    const isReleased = await this.#deps.store.transact((tx) => {
      const seenMs = shownMs ?? tx.job(id)?.receivedMs ?? 0;
      if (seenMs < (tx.user(userId)?.pausedMs ?? 0)) return false;
      const payload = { userId, reason: "drift read by the person" };
      tx.append({ stream: `user:${userId}`, kind: "EntriesReleased", payload });
      return true;
    });
    if (isReleased) return this.#display.show(target, { kind: "positions", page: 0 });
    return this.#display.tell({ ...target, key: `job:${id}`, messageId: null }, [
      "Buys still wait",
      "Something has changed since this button was shown: look at the newest notice.",
    ]);
  }

  async #reclaimNonces(target: Target, job: JobOf<"press">): Promise<string> {
    const { pool } = this.#deps;
    const problem = await pool.reclaim(target.userId, job.id);
    if (problem === undefined) return this.#display.show(target, { kind: "wallet" });
    const fresh: Target = { ...target, key: `job:${job.id}`, messageId: null };
    return this.#display.tell(fresh, [
      "Rent not taken back",
      problem,
      "It stays yours, nothing was sent.",
    ]);
  }

  async #showPanic(target: Target): Promise<void> {
    const { store, presenter } = this.#deps;
    const screen = panicStartedScreen(store.openPositions(target.userId).length);
    await store.transact((tx) => presenter.put(tx, target, { kind: "notice" }, screen));
  }
}

function viewOfScreen(screen: JobOf<"showScreen">["screen"]): View {
  if (screen === "positions") return { kind: "positions", page: 0 };
  if (screen === "orders") return { kind: "entries" };
  return screen === "settings" ? { kind: "exits", positionId: null } : { kind: screen };
}

/** A notice reports a moment and is not made again: its buttons live on the home screen. */
function freshViewOf(view: View): View {
  return view.kind === "notice" ? { kind: "home" } : view;
}
