import type { AttemptRow, FillRow, OrderRow } from "@raptor/shared/domain/rows.ts";
import {
  type AttemptState,
  type ExitRule,
  UNRESOLVED_ATTEMPT_STATES,
} from "@raptor/shared/domain/order.ts";
import { valueLamports } from "@raptor/shared/values/money.ts";
import { cleanField, cleanText } from "@raptor/shared/values/safe-text.ts";
import { exitName, exitSign, rulePlace, ruleWords } from "./exit-words.ts";
import { protectionWords } from "./landing-words.ts";
import { counted, duration, gainPercent, percentOfBps, price, signedPercent } from "./numbers.ts";
import { exactSol, signedSol, sol, timeOfDay, tokens } from "./numbers.ts";
import { sellRow } from "./positions.ts";
import { RichText } from "./rich-text.ts";
import { routeWords } from "./route-words.ts";
import { resumeButton, screenOf, type Screen, type ScreenButton } from "./screen.ts";

export interface OrderModel {
  order: OrderRow;
  attempts: readonly AttemptRow[];
  fill: FillRow | undefined;
  /** Rules that are armed for the position now. */
  exits: readonly ExitRule[];
  position: { positionId: string; quantity: string; isOpen: boolean } | undefined;
  /** For an exit: the trigger and the price that crossed it. */
  trigger: { triggerPriceE9: string; priceE9: string } | undefined;
  /** For an exit: which of several rules of its kind, fired ones included. */
  exitPlace?: { number: number; of: number; shareBps: number } | undefined;
  /** The highest price that a trailing stop has seen. */
  peakE9?: bigint | undefined;
  /** What the sold part had cost; for the profit of a sell. */
  soldCostLamports: bigint | undefined;
  boundSecondsLeft: number | null;
  /** Undecided attempts of which the venue takes at most one, other orders' included. */
  copies: number;
  explorerUrl: string | undefined;
  mayOverrideGuard: boolean;
  /** Buys wait for this person's word: they are paused or held. */
  mayResume: boolean;
  mint: string;
  nowMs: number;
}

const HOME_ROW: ScreenButton[] = [
  { text: "Positions", nav: "positions", arg: "0" },
  { text: "Home", nav: "home" },
];

/** One message for the whole life of an order: pending, not decided, receipt or refusal. */
export function orderScreen(model: OrderModel): Screen {
  const { order, attempts } = model;
  if (model.fill !== undefined) return receiptScreen(model, model.fill);
  if (order.status === "denied") return deniedScreen(model);
  if (order.status === "canceled" || order.status === "expired" || order.status === "rejected") {
    return closedScreen(model);
  }
  if (attempts.some(({ voids, state }) => voids !== null && isUndecided(state))) {
    return calledOffScreen(model);
  }
  if (model.copies > 1) return copiesScreen(model);
  if (attempts.at(-1)?.state === "unknown") return unknownScreen(model);
  return pendingScreen(model);
}

function titleOf(order: OrderRow): string {
  const symbol = cleanField(order.symbol);
  if (order.source.kind === "exit") {
    return `${exitName(order.source.rule)}: selling ${symbol}`;
  }
  if (order.source.kind === "panic") return `Panic: selling ${symbol}`;
  if (order.side === "buy") return `Buying ${symbol} for ${exactSol(order.notionalLamports)} SOL`;
  return `Selling ${tokens(order.quantity, order.decimals)} ${symbol}`;
}

function pendingScreen(model: OrderModel): Screen {
  const { order } = model;
  const attempt = model.attempts.at(-1);
  const rich = new RichText().bold(titleOf(order)).line();
  if (attempt === undefined) {
    const checks = order.side === "buy" ? " and checking the limits" : "";
    rich.line(`⏳ Getting a route${checks}…`);
  } else if (attempt.state === "prepared") {
    rich.line("⏳ Signed and recorded, sending…");
  } else if (attempt.state === "failed" || attempt.state === "dead") {
    rich.line("⏳ That try ended without an effect, preparing the next one…");
  } else if (attempt.state === "accepted") {
    rich.line("⏳ Seen by the network, waiting for confirmation…");
  } else {
    rich.line("⏳ Sent, waiting for the network…");
  }
  if (attempt !== undefined) {
    const unit = order.side === "buy" ? order.decimals : 9;
    const word = order.side === "buy" ? cleanField(order.symbol) : "SOL";
    rich.line(`Worst accepted: ${tokens(attempt.quantityOutMin, unit)} ${word}`);
    rich.line(
      `Try ${attempt.n} · at most ${exactSol(attempt.costCapLamports)} SOL leave the wallet`,
    );
  }
  addRoute(rich, attempt);
  addProtection(rich, attempt);
  addTrigger(rich, model);
  rich.line(`Order ${shortId(order)} · ${timeOfDay(model.nowMs)}`);
  return screenOf(rich, [...linkRows(model), HOME_ROW]);
}

function addRoute(rich: RichText, attempt: AttemptRow | undefined): void {
  const words = attempt === undefined ? undefined : routeWords(attempt);
  if (words !== undefined) rich.line(words);
}

function addProtection(rich: RichText, attempt: AttemptRow | undefined): void {
  const words = attempt === undefined ? undefined : protectionWords(attempt);
  if (words !== undefined) rich.line(words);
}

function unknownScreen(model: OrderModel): Screen {
  const attempt = model.attempts.at(-1);
  const rich = new RichText()
    .bold(titleOf(model.order))
    .line()
    .line("❔ The network has not decided yet.")
    .line("It may still happen, ");
  if (attempt?.bound.kind === "nonce") rich.plain("and nothing else can take effect beside it");
  else rich.plain("so nothing new will be sent");
  if (attempt?.bound.kind === "blockHeight") {
    const left = model.boundSecondsLeft;
    rich.plain(` before block ${attempt.bound.lastValidBlockHeight}`);
    if (left !== null && left > 0) rich.plain(` (about ${duration(left * 1_000)})`);
  }
  rich.plain(". This message updates itself.");
  addProtection(rich, attempt);
  rich.line(`Order ${shortId(model.order)} · ${timeOfDay(model.nowMs)}`);
  const check: ScreenButton = { text: "Check now", nav: "refresh", style: "primary" };
  return screenOf(rich, [[check], ...linkRows(model), HOME_ROW]);
}

/** Copies on one nonce: the person must not fear that it is sold twice. */
function copiesScreen(model: OrderModel): Screen {
  const rich = new RichText()
    .bold(titleOf(model.order))
    .line()
    .line("❔ Not decided yet; a dearer copy is under way.")
    .line(`${model.copies} copies are out and at most one of them can take effect: nothing is `)
    .plain("sold twice. This message updates itself.")
    .line(`Order ${shortId(model.order)} · ${timeOfDay(model.nowMs)}`);
  const check: ScreenButton = { text: "Check now", nav: "refresh", style: "primary" };
  return screenOf(rich, [[check], ...linkRows(model), HOME_ROW]);
}

/** A buy that may not go on and may have left: it is decided by which of the two lands. */
function calledOffScreen(model: OrderModel): Screen {
  const called = model.attempts.findLast(({ voids }) => voids !== null);
  const rich = new RichText().bold(titleOf(model.order)).line();
  rich.line(`❔ It is being called off: ${cleanText(called?.voids?.reason ?? "")}`);
  rich
    .line("A transaction is out that makes it impossible and moves nothing, for a network fee of ")
    .plain(`at most ${exactSol(called?.costCapLamports ?? "0")} SOL. Should the buy have landed `)
    .plain("before it, you get the tokens and the receipt. This message updates itself.");
  rich.line(`Order ${shortId(model.order)} · ${timeOfDay(model.nowMs)}`);
  const check: ScreenButton = { text: "Check now", nav: "refresh", style: "primary" };
  return screenOf(rich, [[check], ...linkRows(model), HOME_ROW]);
}

function isUndecided(state: AttemptState): boolean {
  return UNRESOLVED_ATTEMPT_STATES.includes(state);
}

function receiptScreen(model: OrderModel, fill: FillRow): Screen {
  const { order } = model;
  const symbol = cleanField(order.symbol);
  const quantity = tokens(fill.quantity, order.decimals);
  const notional = BigInt(fill.notionalLamports);
  const rich = new RichText();
  if (order.side === "buy") {
    rich
      .bold(`✅ Bought ${quantity} ${symbol}`)
      .line()
      .line(`Paid ${exactSol(notional)} SOL`);
  } else {
    rich.bold(`${soldTitle(model)} ${quantity} ${symbol}`).line();
    rich.line(`Received ${exactSol(notional)} SOL`);
    if (model.soldCostLamports !== undefined) {
      const gain = notional - model.soldCostLamports;
      const share = gainPercent(notional, model.soldCostLamports);
      rich.plain(` · PnL ${signedSol(gain)} SOL (${share})`);
    }
  }
  rich.line(`Average price ${price(averageOf(fill, order))} SOL`);
  rich.line(`Network fee ${exactSol(fill.feeLamports)} SOL, tips included`);
  addRoute(
    rich,
    model.attempts.find(({ attemptId }) => attemptId === fill.attemptId),
  );
  const rent = BigInt(fill.rentLamports);
  if (rent > 0n) rich.plain(` · account rent ${exactSol(rent)} SOL (stays yours)`);
  addTrigger(rich, model);
  addExits(rich, model);
  rich.line(`Slot ${fill.venueSlot} · ${timeOfDay(fill.tsMs)}`);
  if (fill.state === "reversed") rich.line("⚠️ The network took this fill back.");
  const rows: ScreenButton[][] = [];
  if (model.position?.isOpen === true) {
    rows.push(sellRow(model.position), [{ text: "Edit exits", nav: "exits" }]);
  }
  rows.push(...linkRows(model), HOME_ROW);
  return screenOf(rich, rows);
}

function soldTitle({ order, exitPlace }: OrderModel): string {
  if (order.source.kind === "exit") {
    const { rule } = order.source;
    const shareBps = exitPlace?.shareBps ?? 10_000;
    const share = shareBps === 10_000 ? "" : ` ${percentOfBps(shareBps)} %:`;
    return `${exitSign(rule)} ${rulePlace(rule, exitPlace)} sold${share}`;
  }
  return order.source.kind === "panic" ? "🚨 Panic sold" : "✅ Sold";
}

function averageOf(fill: FillRow, order: OrderRow): bigint {
  const quantity = BigInt(fill.quantity);
  if (quantity === 0n) return 0n;
  const scaled = BigInt(fill.notionalLamports) * 1_000_000_000n * 10n ** BigInt(order.decimals);
  return scaled / quantity;
}

function addTrigger(rich: RichText, model: OrderModel): void {
  if (model.trigger === undefined) return;
  const { triggerPriceE9, priceE9 } = model.trigger;
  if (triggerPriceE9 === "0") rich.line("Its time had come");
  else rich.line(`Trigger ${price(triggerPriceE9)} SOL, price was ${price(priceE9)} SOL`);
  if (model.attempts.length > 1) rich.plain(` · ${model.attempts.length} tries`);
}

function addExits(rich: RichText, model: OrderModel): void {
  if (model.position?.isOpen !== true) {
    if (model.order.side === "sell") rich.line("Position closed.");
    return;
  }
  const { quantity } = model.position;
  const { decimals } = model.order;
  rich.line(`Held now: ${tokens(quantity, decimals)} ${cleanField(model.order.symbol)}`);
  for (const rule of model.exits) {
    if (!isWhole(rule)) {
      rich.line(ruleWords(rule, model.peakE9));
      continue;
    }
    const word = `${exitSign(rule.kind)} ${exitName(rule.kind)}`;
    const worth = valueLamports(BigInt(quantity), decimals, BigInt(rule.triggerPriceE9));
    rich.line(`${word} armed at ${price(rule.triggerPriceE9)} SOL`);
    rich.plain(` (${signedPercent(rule.triggerBps)}, about ${sol(worth)} SOL)`);
  }
  if (model.exits.length === 0) rich.line("⚠️ No exit is armed for this position.");
}

/** Sells everything at one price, so that what it brings can be told. */
function isWhole({ kind, quantityBps }: ExitRule): boolean {
  return (kind === "takeProfit" || kind === "stopLoss") && quantityBps === 10_000;
}

function deniedScreen(model: OrderModel): Screen {
  const { order } = model;
  const rich = new RichText().bold(`⛔ Not bought: ${cleanField(order.symbol)}`).line();
  for (const reason of (order.reason ?? "").split("\n")) rich.line(cleanText(reason));
  rich.line("Nothing was sent and no SOL left the wallet.");
  rich.line(`Order ${shortId(order)} · ${timeOfDay(model.nowMs)}`);
  const rows: ScreenButton[][] = [];
  if (model.mayOverrideGuard) rows.push([buyAgain(model)]);
  return screenOf(rich, [...rows, ...linkRows(model), ...nextRows(model)]);
}

/** What to do after a refusal: the cause goes first, then another try from the token's card. */
function nextRows(model: OrderModel): ScreenButton[][] {
  const rows: ScreenButton[][] = [];
  if (model.mayResume && model.order.side === "buy") rows.push([resumeButton(model.nowMs)]);
  const position = model.position;
  if (model.order.side === "sell" && position?.isOpen === true) {
    rows.push(sellRow(position));
  }
  rows.push([
    { text: "Token card", nav: "token" },
    { text: "Home", nav: "home" },
  ]);
  return rows;
}

function buyAgain(model: OrderModel): ScreenButton {
  const { order } = model;
  return {
    text: `Buy ${exactSol(order.notionalLamports)} SOL anyway`,
    style: "danger",
    lifetime: "trade",
    action: {
      kind: "buy",
      mint: model.mint,
      notionalLamports: order.notionalLamports,
      slippageBpsMax: order.slippageBpsMax,
      guardOverride: true,
    },
  };
}

function closedScreen(model: OrderModel): Screen {
  const { order } = model;
  const symbol = cleanField(order.symbol);
  const word = order.side === "buy" ? "Nothing was bought" : "Nothing was sold";
  const rich = new RichText().bold(`⛔ ${word}: ${symbol}`).line();
  rich.line(cleanText(order.reason ?? ""));
  const failed = model.attempts.filter((attempt) => attempt.state === "failed");
  if (failed.length > 0) {
    const each = failed.length === 1 ? "its network fee was" : "their network fees were";
    rich.line(
      `${counted(failed.length, "transaction")} landed and had no effect: only ${each} paid.`,
    );
  } else {
    rich.line("No SOL and no tokens left the wallet.");
  }
  if (order.side === "sell" && model.exits.length > 0) {
    rich.line("The position is still yours and its exits stay armed.");
  }
  rich.line(`Order ${shortId(order)} (${order.status}) · ${timeOfDay(model.nowMs)}`);
  return screenOf(rich, [...linkRows(model), ...nextRows(model)]);
}

function linkRows(model: OrderModel): ScreenButton[][] {
  const why: ScreenButton = { text: "Why?", nav: "why" };
  if (model.explorerUrl === undefined) return [[why]];
  return [[{ text: "Explorer", url: model.explorerUrl }, why]];
}

function shortId(order: OrderRow): string {
  return order.orderId.slice(4, 10);
}
