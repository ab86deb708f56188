import { type Mutant, mutant } from "./mutant.ts";

const DRIVER = "executor/engine/order-driver.ts";
const EXITS = "executor/engine/exits.ts";
const TRIGGER = "executor/engine/exit-trigger.ts";

/** Mistakes with exits, panic and what the wallet is believed to hold. */
export const EXIT_MUTANTS: readonly Mutant[] = [
  mutant(
    "exit-ends-after-failed-sell",
    "pumpfun bot: after one sell that reverted the loop is left, under a comment that says go on.",
    "executor/engine/order-end.ts",
    'if (position === undefined || position.state !== "open") {',
    'if (position?.state !== "open" || attempts.at(-1)?.state === "failed") {',
    "whipsaw",
  ),
  mutant(
    "exit-disarmed-when-fired",
    "A stop that has fired is taken away before its sell has landed.",
    TRIGGER,
    "const { orderId } = wish;",
    `const { orderId } = wish;
    tx.append({
      stream: \`position:\${positionId}\`,
      kind: "ExitPlanDisarmed",
      payload: { positionId, reason: "fired" },
    });`,
  ),
  mutant(
    "exits-forgotten-at-restart",
    "hummingbot-api #243: after a restart the venue holds the position with no stop and no timer.",
    "executor/boot.ts",
    "report.armedExits = exits.armAll();",
    "report.armedExits = 0;",
  ),
  mutant(
    "new-positions-unwatched",
    "Stops are armed at start only: what is bought later has none until the next start.",
    EXITS,
    'if (event.kind === "ExitPlanArmed") {',
    'if (event.kind === "ExitPlanArmed" && this.#isStopping) {',
  ),
  mutant(
    "crash-never-believed",
    "A guard against wild prices that never lets a real collapse through.",
    "executor/market/jump-guard.ts",
    "|| doubted.delete(instrument)) {",
    "|| (doubted.delete(instrument) && last === next)) {",
  ),
  mutant(
    "trigger-fires-once-in-a-life",
    "A trigger that could not be recorded is never tried again in this process.",
    EXITS,
    ".finally(() => this.#firing.delete(trigger.positionId));",
    ".finally(() => undefined);",
  ),
  mutant(
    "exits-stopped-by-kill-switch",
    "The kill switch stops sells too: the position can no longer be left.",
    "executor/engine/journal-attempt.ts",
    'if (order.side === "buy") {',
    'if (order.side === "buy" || tx.control().tradingState !== "active") {',
  ),
  mutant(
    "sell-more-than-held",
    "A sell asks for what the ledger says, though the wallet holds less: it reverts for ever.",
    "executor/engine/order-quote.ts",
    "const quantityIn = wanted < shown ? wanted : shown;",
    "const quantityIn = wanted;",
  ),
  mutant(
    "exit-priced-from-entry",
    "pumpfun bot: the least outcome of a stop loss follows from the entry price, so it cannot fill.",
    DRIVER,
    "const doubt = judgePrice(this.#context, order, quote.route);",
    `const worth = (BigInt(order.entryPriceE9 ?? 0) * quote.route.quantityIn) / 10n ** 9n;
    const isWorse = quote.route.quantityOut * 10n ** BigInt(order.decimals) < (worth * 8n) / 10n;
    const doubt =
      order.side === "sell" && isWorse
        ? { reason: "below the entry price", alert: false }
        : judgePrice(this.#context, order, quote.route);`,
  ),
  mutant(
    "empty-read-is-sold",
    "freqtrade handle_onexchange_order: a balance that is not shown counts as sold.",
    "executor/engine/order-quote.ts",
    'return { kind: truth.isWhole ? "empty" : "early" };',
    'return { kind: truth.isWhole ? "empty" : "empty" };',
    "past",
  ),
  mutant(
    "failed-read-is-flat",
    "A node that does not answer counts as one that shows no tokens: the position is written off.",
    "executor/engine/wallet-truth.ts",
    "quantity: report !== null && isUsable(report) ? (report.tokens.get(mint) ?? 0n) : null,",
    "quantity: report !== null && isUsable(report) ? (report.tokens.get(mint) ?? 0n) : 0n,",
    "past",
  ),
  mutant(
    "stale-read-is-truth",
    "NautilusTrader #4736: a warm restart believes a snapshot from before the fill and flattens.",
    "executor/engine/wallet-truth.ts",
    "slots.set(instrument, Math.max(venueSlot, slots.get(instrument) ?? 0));",
    "slots.set(instrument, Math.min(-venueSlot, slots.get(instrument) ?? 0));",
    "past",
  ),
  mutant(
    "panic-forgets-entries",
    "Panic ends while a buy of before the press is undecided; it lands, and nobody sells it.",
    "executor/engine/panic.ts",
    "const isBusy = tx.openOrders().some((order) => order.userId === userId);",
    "const isBusy = false;",
  ),
];
