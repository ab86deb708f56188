// @ts-check
import { dotItem, element, fill, make, table, tile, twoLines } from "./dom.js";
import { ago, decimal, duration, gainPercent, short, signed } from "./format.js";

const LAMPORTS_DECIMALS = 9;
/** Short enough for a phone; trades older than a year are not shown here. */
const WHEN = /** @type {const} */ ({
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

/** @param {any} health */
export function showHealth(health) {
  element("environment", HTMLElement).textContent = health.environment;
  const { executor, redis, queue } = health;
  const phase = executor.isReachable ? (executor.phase ?? "up") : "unreachable";
  fill("dots", [
    dotItem(
      executor.phase === "ready" ? "good" : executor.isReachable ? "warn" : "bad",
      `executor ${phase}`,
    ),
    ...(executor.tradingState === null
      ? []
      : [dotItem(stateTone(executor.tradingState), `trading ${executor.tradingState}`)]),
    dotItem(redis.ok ? "good" : "warn", redis.ok ? "redis" : "redis away"),
    // Not known before the first message was queued: nothing to show then.
    ...(queue.ok === null ? [] : [dotItem(queue.ok ? "good" : "bad", "queue")]),
  ]);
}

/** @param {any} status */
export function showStatus(status) {
  if (status === undefined) {
    fill("tiles", [make("p", "quiet", "This token may not see the status.")]);
    fill("reconcile", [make("p", "quiet", "Not visible with this token.")]);
    fill("dependencies", []);
    return;
  }
  fill("tiles", [
    tile("Trading", status.tradingState, tradingNote(status)),
    tile("Phase", status.phase, `version ${status.version}, epoch ${status.epoch}`),
    tile(
      "Open positions",
      String(status.openPositions),
      `${status.unresolvedAttempts} undecided attempts`,
    ),
    tile(
      "Waiting",
      String(status.pendingJobs + status.pendingNotices),
      `${status.pendingJobs} jobs, ${status.pendingNotices} notices`,
    ),
    tile("Up for", duration(status.uptimeMs), `journal at ${status.journalSeq}`),
  ]);
  markState(status.tradingState);
  showReconcile(status.lastReconcile);
  fill(
    "dependencies",
    Object.entries(status.dependencies).map(([name, one]) =>
      dotItem(one.ok ? "good" : "bad", `${name}${one.detail === "" ? "" : `: ${one.detail}`}`),
    ),
  );
}

/**
 * The reason of the last change says why trading is limited; afterwards it would mislead.
 * @param {any} status
 */
function tradingNote(status) {
  if (status.tradingState === "active") return "buys and exits";
  const effect = status.tradingState === "reducing" ? "exits only" : "no new orders but exits";
  return status.tradingStateReason === "" ? effect : `${effect}: ${status.tradingStateReason}`;
}

/** The state that holds already cannot be chosen. @param {string} state */
function markState(state) {
  for (const button of document.querySelectorAll("#states button")) {
    const isCurrent = button.getAttribute("data-state") === state;
    button.toggleAttribute("disabled", isCurrent);
    button.setAttribute("aria-pressed", String(isCurrent));
  }
}

/** @param {any} reconcile */
function showReconcile(reconcile) {
  if (reconcile === null) return fill("reconcile", [make("p", "quiet", "None since the start.")]);
  const { drift } = reconcile;
  const summary = `${ago(Date.now() - reconcile.atMs)}, by ${reconcile.trigger}`;
  const tone = drift.length === 0 ? "good" : "bad";
  const found =
    drift.length === 0
      ? "Ledger and chain agree"
      : `${drift.length} ${drift.length === 1 ? "difference" : "differences"}`;
  fill("reconcile", [
    make("p", tone, found),
    make("p", "quiet", summary),
    ...(drift.length === 0
      ? []
      : [
          table(
            ["Token", "Class", "#Ledger", "#Chain"],
            drift.map((/** @type {any} */ one) => [
              short(one.mint),
              one.class,
              one.ledgerQuantity,
              one.chainQuantity,
            ]),
          ),
        ]),
  ]);
}

/** @param {any[] | undefined} positions */
export function showPositions(positions) {
  const open = positions?.filter((position) => position.state === "open");
  if (open === undefined || open.length === 0) {
    const text = open === undefined ? "This token may not see positions." : "Nothing is held.";
    return fill("positions", [make("p", "quiet", text)]);
  }
  fill("positions", [
    table(
      ["Token", "#Worth SOL", "#PnL SOL", "#Cost SOL", "#Quantity", "Exits"],
      open.map((position) => [
        tokenCell(position, people(open)),
        position.valueLamports === null
          ? "no price"
          : twoLines(decimal(position.valueLamports, LAMPORTS_DECIMALS, 4), priceAge(position)),
        pnl(position),
        decimal(position.costLamports, LAMPORTS_DECIMALS, 4),
        decimal(position.quantity, position.decimals, 4),
        exits(position.exits),
      ]),
    ),
  ]);
}

/** A price whose stream lives is as old as the look at it. */
const LIVE_MS_MAX = 1_000;

/** @param {any} position */
function priceAge({ markAgeMs, markSource, markIsStale }) {
  if (markAgeMs === null) return "";
  if (markIsStale) return `⚠ stale: price ${ago(markAgeMs)}`;
  const isLive = markSource === "pool" && markAgeMs < LIVE_MS_MAX;
  return isLive ? "price live from its pool" : `price ${ago(markAgeMs)}`;
}

/** @param {any[] | undefined} trades */
export function showTrades(trades) {
  if (trades === undefined || trades.length === 0) {
    const text = trades === undefined ? "This token may not see trades." : "None yet.";
    return fill("trades", [make("p", "quiet", text)]);
  }
  fill("trades", [
    table(
      ["When", "Side", "Token", "#Notional SOL", "#Fee SOL", "Signature"],
      trades.map((trade) => [
        new Date(trade.tsMs).toLocaleString(undefined, WHEN),
        make("span", trade.side === "buy" ? "good" : "bad", trade.side),
        tokenCell(trade, people(trades)),
        decimal(trade.notionalLamports, LAMPORTS_DECIMALS, 4),
        decimal(trade.feeLamports, LAMPORTS_DECIMALS, 6),
        explorerLink(trade.signature),
      ]),
    ),
  ]);
}

/** How many people's rows these are. @param {any[]} rows */
function people(rows) {
  return new Set(rows.map((row) => row.userId)).size;
}

/**
 * The owner stands there only when rows of several people do.
 * @param {any} row @param {number} count
 */
function tokenCell(row, count) {
  const owner = count > 1 ? ` · user ${row.userId}` : "";
  return twoLines(row.symbol, `${short(row.mint)}${owner}`);
}

/** @param {string} signature */
function explorerLink(signature) {
  const link = document.createElement("a");
  link.href = `https://solscan.io/tx/${encodeURIComponent(signature)}`;
  link.target = "_blank";
  link.rel = "noreferrer noopener";
  link.append(make("code", "", short(signature)));
  return link;
}

/** @param {any} position */
function pnl(position) {
  if (position.valueLamports === null) return "";
  const cost = BigInt(position.costLamports);
  const gain = BigInt(position.valueLamports) - cost;
  const percent = gainPercent(cost + gain, cost);
  const sol = `${gain > 0n ? "+" : ""}${decimal(String(gain), LAMPORTS_DECIMALS, 4)}`;
  const cell = twoLines(sol, percent);
  cell.classList.add(gain < 0n ? "bad" : "good");
  return cell;
}

/** @param {any} rule */
function exitText(rule) {
  const share = `sells ${rule.quantityBps / 100} %`;
  const at = `${signed(rule.triggerBps / 100)} %`;
  switch (rule.kind) {
    case "takeProfit":
      return `TP ${at}, ${share}`;
    case "stopLoss":
      return `SL ${at}, ${share}`;
    case "trailingStop":
      return `trail ${rule.dropBps / 100} %${rule.triggerBps === 0 ? "" : ` from ${at}`}`;
    case "breakeven":
      return `breakeven at ${at}`;
    case "timeLimit":
      return `time ${new Date(rule.dueMs).toISOString().slice(5, 16)}`;
    case "initialsOut":
      return `initials at ${at}`;
    case "marketCap":
      return `cap ${rule.direction} $${rule.capUsd}, ${share}`;
    default:
      return `limit ${at}, ${share}`;
  }
}

/** @param {any[]} rules */
function exits(rules) {
  const cell = document.createElement("span");
  for (const rule of rules) {
    cell.append(make("span", "chip", exitText(rule)));
  }
  if (rules.length === 0) cell.append(make("span", "bad", "no exits armed"));
  return cell;
}

/** @param {string | null} state */
function stateTone(state) {
  return { active: "good", reducing: "warn", halted: "bad" }[state ?? ""] ?? "";
}
