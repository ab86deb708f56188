// @ts-check
import { dotItem, element, fill, make, table, tile, twoLines } from "./dom.js";
import { ago, decimal, duration, short, signed } from "./format.js";

const LAMPORTS_DECIMALS = 9;

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
    dotItem(queue.ok === false ? "bad" : queue.ok === null ? "" : "good", "queue"),
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
    tile("Trading", status.tradingState, status.tradingStateReason),
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
  showReconcile(status.lastReconcile);
  fill(
    "dependencies",
    Object.entries(status.dependencies).map(([name, one]) =>
      dotItem(one.ok ? "good" : "bad", `${name}${one.detail === "" ? "" : `: ${one.detail}`}`),
    ),
  );
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
      ["Token", "#Quantity", "#Cost SOL", "#Worth now", "#PnL", "Exits"],
      open.map((position) => [
        twoLines(position.symbol, short(position.mint)),
        decimal(position.quantity, position.decimals, 4),
        decimal(position.costLamports, LAMPORTS_DECIMALS, 4),
        position.valueLamports === null
          ? "no price"
          : twoLines(
              decimal(position.valueLamports, LAMPORTS_DECIMALS, 4),
              position.markAgeMs === null ? "" : `price ${ago(position.markAgeMs)}`,
            ),
        pnl(position),
        exits(position.exits),
      ]),
    ),
  ]);
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
        new Date(trade.tsMs).toLocaleString(),
        make("span", trade.side === "buy" ? "good" : "bad", trade.side),
        twoLines(trade.symbol, short(trade.mint)),
        decimal(trade.notionalLamports, LAMPORTS_DECIMALS, 4),
        decimal(trade.feeLamports, LAMPORTS_DECIMALS, 6),
        make("code", "", short(trade.signature)),
      ]),
    ),
  ]);
}

/** @param {any} position */
function pnl(position) {
  if (position.valueLamports === null) return "";
  const cost = BigInt(position.costLamports);
  const gain = BigInt(position.valueLamports) - cost;
  const percent = cost === 0n ? "" : `${signed(Number((gain * 10_000n) / cost) / 100)} %`;
  const sol = `${gain > 0n ? "+" : ""}${decimal(String(gain), LAMPORTS_DECIMALS, 4)}`;
  const cell = twoLines(sol, percent);
  cell.classList.add(gain < 0n ? "bad" : "good");
  return cell;
}

/** @param {any[]} rules */
function exits(rules) {
  const cell = document.createElement("span");
  for (const rule of rules) {
    const name = rule.kind === "takeProfit" ? "TP" : "SL";
    const distance = rule.kind === "stopLoss" ? -Math.abs(rule.triggerBps) : rule.triggerBps;
    cell.append(
      make(
        "span",
        "chip",
        `${name} ${signed(distance / 100)} %, sells ${rule.quantityBps / 100} %`,
      ),
    );
  }
  if (rules.length === 0) cell.append(make("span", "bad", "no exits armed"));
  return cell;
}

/** @param {string | null} state */
function stateTone(state) {
  return { active: "good", reducing: "warn", halted: "bad" }[state ?? ""] ?? "";
}
