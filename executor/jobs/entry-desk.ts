import type { TicketAction, View } from "@raptor/shared/domain/rows.ts";
import { isRaptorError, sentenceOf } from "@raptor/shared/errors/raptor-error.ts";
import { parseDecimal } from "@raptor/shared/values/decimal.ts";
import { SOL_DECIMALS } from "@raptor/shared/values/money.ts";
import { deriveEntryId, instrumentOf } from "../engine/ids.ts";
import { checkEntryGate } from "../engine/entry-gate.ts";
import { ARMED_ENTRIES_MAX, disarmEntry } from "../engine/limit-buys.ts";
import type { Tx } from "../ports/store.ts";
import type { InstrumentReport, Venue } from "../ports/venue.ts";
import { entriesScreen, entryPreviewScreen, entryPromptScreen } from "../screens/entries.ts";
import { exactSol } from "../screens/numbers.ts";
import { noticeScreen } from "../screens/plain.ts";
import type { Screen } from "../screens/screen.ts";
import { freshPriceE9, type ExitScreenDeps } from "./exit-screens.ts";
import type { Presenter } from "./presenter.ts";

interface Target {
  userId: number;
  chatId: number;
  key: string;
  messageId: number | null;
}

type Action = Extract<TicketAction, { kind: "armEntry" | "disarmEntry" }>;
type Wish = Extract<TicketAction, { kind: "armEntry" }>;
type Finish = (tx: Tx, outcome: string) => void;

const PROMPT_TTL_MS = 120_000;
const PRICE_DECIMALS = 18;
const TIMES_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const TIME_MS_MAX = 30 * 86_400_000;
const NOTHING_DONE = "Nothing was armed, bought or spent.";

/** Makes, shows and calls off buys that wait for their price. */
export class EntryDesk {
  readonly #deps: ExitScreenDeps & { venue: Venue; presenter: Presenter };

  constructor(deps: ExitScreenDeps & { venue: Venue; presenter: Presenter }) {
    this.#deps = deps;
  }

  async ask(target: Target, mint: string): Promise<string> {
    const report = await this.#lookUp(mint);
    const symbol = typeof report === "string" ? mint.slice(0, 6) : report.symbol;
    const priceE9 = typeof report === "string" ? null : this.#priceOf(mint, report);
    const expiresMs = this.#deps.clock.nowMs() + PROMPT_TTL_MS;
    const screen = entryPromptScreen(symbol, priceE9);
    return this.#put(target, { kind: "entryPrompt", mint, expiresMs }, screen);
  }

  show(target: Target): Promise<string> {
    return this.#put(target, { kind: "entries" }, renderEntries(this.#deps, target.userId));
  }

  async answer(target: Target, mint: string, text: string): Promise<string> {
    const typed = parseEntryText(text);
    if (typeof typed === "string") {
      return this.#tell(target, ["No limit buy", typed, `${NOTHING_DONE} Try again or /cancel.`]);
    }
    const report = await this.#lookUp(mint);
    if (typeof report === "string")
      return this.#tell(target, ["No limit buy", report, NOTHING_DONE]);
    const action: Wish = { kind: "armEntry", mint, ...typed };
    const priceE9 = this.#priceOf(mint, report);
    const problems = this.#problemsOf(target.userId, action, report, priceE9);
    const screen = entryPreviewScreen({
      ...typed,
      symbol: report.symbol,
      priceE9,
      problems,
      action,
    });
    return this.#put(target, { kind: "notice" }, screen);
  }

  /** The entry, its answer and the job's end are one transaction. */
  async redeem(target: Target, jobId: string, action: Action, finish: Finish): Promise<string> {
    if (action.kind === "disarmEntry") return this.#disarm(target, action.entryId, finish);
    const report = await this.#lookUp(action.mint);
    const { store, presenter } = this.#deps;
    if (typeof report === "string")
      return this.#tell(target, ["No limit buy", report, NOTHING_DONE]);
    return store.transact((tx) => {
      const problems = this.#problemsOf(target.userId, action, report, null);
      if (problems.length === 0) this.#arm(tx, target.userId, jobId, action, report);
      const screen =
        problems.length === 0
          ? renderEntries({ ...this.#deps, store: tx }, target.userId)
          : noticeScreen(["No limit buy", ...problems, NOTHING_DONE]);
      presenter.put(tx, target, { kind: "entries" }, screen);
      finish(tx, problems.length === 0 ? "limit buy armed" : "no limit buy");
      return "limit buy";
    });
  }

  #priceOf(mint: string, report: InstrumentReport): bigint | null {
    return freshPriceE9(this.#deps, instrumentOf(mint)) ?? report.priceE9;
  }

  #arm(tx: Tx, userId: number, jobId: string, wish: Wish, report: InstrumentReport): void {
    const { clock, settings, venue } = this.#deps;
    const wallet = tx.walletOf(userId);
    const entryId = deriveEntryId(jobId);
    if (wallet === undefined || tx.armedEntry(entryId) !== undefined) return;
    const { symbol, decimals, tokenProgram } = report;
    const { triggerPriceE9, notionalLamports, forMs } = wish;
    tx.append({
      stream: `entry:${entryId}`,
      kind: "EntryArmed",
      payload: {
        entryId,
        userId,
        walletId: wallet.walletId,
        venue: venue.id,
        instrument: instrumentOf(wish.mint),
        symbol,
        decimals,
        tokenProgram,
        triggerPriceE9,
        notionalLamports,
        slippageBpsMax: settings.buySlippageBps,
        deadlineMs: clock.nowMs() + forMs,
        jobId,
      },
    });
  }

  #disarm(target: Target, entryId: string, finish: Finish): Promise<string> {
    const { store, presenter } = this.#deps;
    return store.transact((tx) => {
      const entry = tx.armedEntry(entryId);
      if (entry?.state === "armed" && entry.userId === target.userId) {
        disarmEntry(tx, entry, "called off by its owner");
      }
      const screen = renderEntries({ ...this.#deps, store: tx }, target.userId);
      presenter.put(tx, target, { kind: "entries" }, screen);
      finish(tx, "limit buy called off");
      return "limit buy called off";
    });
  }

  #problemsOf(
    userId: number,
    { notionalLamports, triggerPriceE9 }: Wish,
    report: InstrumentReport,
    priceE9: bigint | null,
  ): string[] {
    const { store, settings } = this.#deps;
    const problems = [...report.refusals];
    const { notionalLamportsMax } = settings.limits;
    if (BigInt(notionalLamports) > BigInt(notionalLamportsMax)) {
      problems.push(`One buy may cost ${exactSol(notionalLamportsMax)} SOL at most.`);
    }
    if (store.armedEntries(userId).length >= ARMED_ENTRIES_MAX) {
      problems.push(`You have ${ARMED_ENTRIES_MAX} limit buys already; call one off in /orders.`);
    }
    if (priceE9 !== null && priceE9 <= BigInt(triggerPriceE9)) {
      problems.push("The price is there already: paste the token and press Buy.");
    }
    return problems;
  }

  async #lookUp(mint: string): Promise<InstrumentReport | string> {
    try {
      return await this.#deps.venue.fetchInstrument(mint);
    } catch (error) {
      if (!isRaptorError(error)) throw error;
      return `The token could not be looked up. Cause: ${sentenceOf(error)}`;
    }
  }

  #tell(target: Target, lines: readonly string[]): Promise<string> {
    return this.#put(target, { kind: "notice" }, noticeScreen(lines));
  }

  #put(target: Target, view: View, screen: Screen): Promise<string> {
    const { store, presenter } = this.#deps;
    return store.transact((tx) => {
      presenter.put(tx, target, view, screen);
      return `shown: ${view.kind}`;
    });
  }
}

export function isEntryAction(action: TicketAction): action is Action {
  return action.kind === "armEntry" || action.kind === "disarmEntry";
}

export function renderEntries(
  {
    store,
    clock,
  }: { store: Pick<Tx, "armedEntries" | "control" | "user">; clock: ExitScreenDeps["clock"] },
  userId: number,
): Screen {
  const nowMs = clock.nowMs();
  const stop = checkEntryGate(store, { userId, deadlineMs: null }, nowMs, undefined);
  const entries = store.armedEntries(userId);
  return entriesScreen({ entries, stopped: stop?.reason ?? null, nowMs });
}

/** `0.0005 0.2 4h`: price in SOL a token, amount in SOL, time. */
export function parseEntryText(text: string): Omit<Wish, "kind" | "mint"> | string {
  const words = text
    .toLowerCase()
    .replaceAll("sol", " ")
    .split(/[\s,;@]+/)
    .filter(Boolean);
  const [priceText = "", amountText = "", time = ""] = words;
  const price = parseDecimal(priceText, PRICE_DECIMALS);
  const amount = parseDecimal(amountText, SOL_DECIMALS);
  const [, digits = "", unit = ""] = /^(\d{1,5})(m|h|d)$/.exec(time) ?? [];
  const forMs = Number(digits) * (TIMES_MS[unit] ?? 0);
  if (!price.ok) return "The price is not a number of SOL a token, such as 0.0005.";
  if (!amount.ok) return "The amount is not a number of SOL, such as 0.2.";
  if (words.length !== 3 || forMs === 0) return "The time is missing: 30m, 4h or 2d at the end.";
  if (forMs > TIME_MS_MAX) return "A limit buy waits for 30 days at most.";
  const triggerPriceE9 = price.units.toString();
  return { triggerPriceE9, notionalLamports: amount.units.toString(), forMs };
}
