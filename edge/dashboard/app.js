// @ts-check
/** Raptor's status page: reads the public API with the token of this tab, changes nothing else. */

const REFRESH_MS = 5_000;
const TOKEN_KEY = "raptor-token";
const LAMPORTS_DECIMALS = 9;
const TRADES_SHOWN = 25;

const page = {
  login: element("login", HTMLFormElement),
  token: element("token", HTMLInputElement),
  desk: element("desk", HTMLElement),
  error: element("error", HTMLElement),
  forget: element("forget", HTMLButtonElement),
  updated: element("updated", HTMLElement),
  kill: element("kill", HTMLElement),
  killResult: element("kill-result", HTMLElement),
  reason: element("reason", HTMLInputElement),
  confirm: element("confirm", HTMLDialogElement),
};

/** Whether this tab's token opened the admin's page; undefined until asked. */
let isAdmin = /** @type {boolean | undefined} */ (undefined);
let timer = 0;

page.login.addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(TOKEN_KEY, page.token.value.trim());
  page.token.value = "";
  isAdmin = undefined;
  void refresh();
});
page.forget.addEventListener("click", () => forget(""));
for (const button of document.querySelectorAll("#states button")) {
  button.addEventListener(
    "click",
    () => void changeState(String(button.getAttribute("data-state"))),
  );
}
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) void refresh();
});
void refresh();

async function refresh() {
  clearTimeout(timer);
  try {
    showHealth(await get("/v1/health"));
    if (sessionStorage.getItem(TOKEN_KEY) !== null) await refreshDesk();
    else showDesk(false);
    showError("");
    page.updated.textContent = `updated ${new Date().toLocaleTimeString()}`;
  } catch (error) {
    showProblem(error);
  }
  if (!document.hidden) timer = setTimeout(() => void refresh(), REFRESH_MS);
}

async function refreshDesk() {
  // A token may hold only some scopes; what it may not see is left out instead of failing the page.
  const [status, positions, trades] = await Promise.all([
    getIfAllowed("/v1/status"),
    getIfAllowed("/v1/positions"),
    getIfAllowed(`/v1/trades?limit=${TRADES_SHOWN}`),
  ]);
  isAdmin ??= (await ask("/v1/metrics")).ok;
  showDesk(true);
  showStatus(status);
  showPositions(positions?.positions);
  showTrades(trades?.trades);
}

/** @param {string} path @param {RequestInit} [init] */
function ask(path, init = {}) {
  const token = sessionStorage.getItem(TOKEN_KEY);
  const headers = new Headers(init.headers);
  if (token !== null) headers.set("authorization", `Bearer ${token}`);
  return fetch(path, { ...init, headers, signal: AbortSignal.timeout(10_000) });
}

/** @param {string} path */
async function get(path) {
  const response = await ask(path);
  if (response.ok) return response.json();
  throw await problemOf(response);
}

/** @param {string} path */
async function getIfAllowed(path) {
  const response = await ask(path);
  if (response.status === 403) return undefined;
  if (response.ok) return response.json();
  throw await problemOf(response);
}

/** @param {Response} response */
async function problemOf(response) {
  const isProblem = response.headers.get("content-type")?.includes("json") === true;
  const problem = isProblem ? await response.json() : {};
  const text =
    problem.title === undefined
      ? `The edge answered ${response.status}.`
      : `${problem.title}. ${problem.detail}`;
  return Object.assign(new Error(text), { status: response.status });
}

/** @param {unknown} error */
function showProblem(error) {
  const status = error instanceof Error && "status" in error ? error.status : 0;
  if (status === 401)
    return forget("This token is unknown or was revoked. Issue a new one with /token.");
  showError(
    status === 0
      ? "The edge cannot be reached. What you see may be old."
      : String(/** @type {Error} */ (error).message),
  );
}

/** @param {string} text */
function showError(text) {
  page.error.textContent = text;
  page.error.hidden = text === "";
}

/** @param {string} why */
function forget(why) {
  sessionStorage.removeItem(TOKEN_KEY);
  isAdmin = undefined;
  showDesk(false);
  showError(why);
}

/** @param {boolean} isOpen */
function showDesk(isOpen) {
  page.login.hidden = isOpen;
  page.desk.hidden = !isOpen;
  page.forget.hidden = !isOpen;
  page.kill.hidden = !isOpen || isAdmin !== true;
}

/** @param {any} health */
function showHealth(health) {
  element("environment", HTMLElement).textContent = health.environment;
  const { executor, redis, queue } = health;
  const phase = executor.isReachable ? (executor.phase ?? "up") : "unreachable";
  fill("dots", [
    dotItem(
      executor.phase === "ready" ? "good" : executor.isReachable ? "warn" : "bad",
      `executor ${phase}`,
    ),
    dotItem(stateTone(executor.tradingState), `trading ${executor.tradingState ?? "unknown"}`),
    dotItem(redis.ok ? "good" : "warn", redis.ok ? "redis" : "redis away"),
    dotItem(queue.ok === false ? "bad" : queue.ok === null ? "" : "good", "queue"),
  ]);
}

/** @param {any} status */
function showStatus(status) {
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
  const found = drift.length === 0 ? "Ledger and chain agree" : `${drift.length} differences`;
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
function showPositions(positions) {
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
function showTrades(trades) {
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

/** @param {string} state */
async function changeState(state) {
  const reason = page.reason.value.trim();
  if (reason === "") {
    page.killResult.textContent = "Give a reason first; it goes into the journal.";
    page.reason.focus();
    return;
  }
  if (!(await confirmChange(state, reason))) return;
  const buttons = /** @type {HTMLButtonElement[]} */ ([
    ...document.querySelectorAll("#states button"),
  ]);
  for (const button of buttons) button.disabled = true;
  page.killResult.className = "";
  page.killResult.textContent = "Asking the executor…";
  try {
    const response = await ask("/admin/kill-switch", {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": crypto.randomUUID() },
      body: JSON.stringify({ state, reason }),
    });
    if (!response.ok) throw await problemOf(response);
    page.killResult.className = "good";
    page.killResult.textContent = `Confirmed by the executor: ${state}.`;
    page.reason.value = "";
  } catch (error) {
    page.killResult.className = "bad";
    const status = error instanceof Error && "status" in error;
    page.killResult.textContent = status
      ? String(/** @type {Error} */ (error).message)
      : "NOT confirmed: the edge cannot be reached. Check the state above before you rely on it.";
  }
  for (const button of buttons) button.disabled = false;
  void refresh();
}

/** @param {string} state @param {string} reason @returns {Promise<boolean>} */
function confirmChange(state, reason) {
  element("confirm-title", HTMLElement).textContent = `Set trading to ${state}?`;
  element("confirm-text", HTMLElement).textContent =
    `Reason: ${reason}. This applies to everybody at once.`;
  element("confirm-yes", HTMLElement).textContent = `Yes, ${state}`;
  page.confirm.returnValue = "no";
  page.confirm.showModal();
  return new Promise((resolve) => {
    page.confirm.addEventListener("close", () => resolve(page.confirm.returnValue === "yes"), {
      once: true,
    });
  });
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

/**
 * Integer units as a decimal, cut after `digitsMax`; exact, because amounts exceed a double.
 * @param {string} units @param {number} decimals @param {number} digitsMax
 */
function decimal(units, decimals, digitsMax) {
  const value = BigInt(units);
  const digits = String(value < 0n ? -value : value).padStart(decimals + 1, "0");
  const at = digits.length - decimals;
  const fraction = digits.slice(at, at + digitsMax).replace(/0+$/, "");
  const whole = digits.slice(0, at).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  return `${value < 0n ? "-" : ""}${whole}${fraction === "" ? "" : `.${fraction}`}`;
}

/** @param {number} value */
function signed(value) {
  return `${value > 0 ? "+" : ""}${value}`;
}

/** @param {string} address */
function short(address) {
  return address.length > 12 ? `${address.slice(0, 4)}…${address.slice(-4)}` : address;
}

/** @param {number} ms */
function duration(ms) {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800
    ? `${Math.round(seconds / 3_600)} h`
    : `${Math.round(seconds / 86_400)} d`;
}

/** @param {number} ms */
function ago(ms) {
  return `${duration(ms)} ago`;
}

/** @param {string} label @param {string} value @param {string} note */
function tile(label, value, note) {
  const box = make("div", "tile", "");
  box.append(make("span", "", label), make("b", "", value), make("span", "", note));
  return box;
}

/** @param {string} tone @param {string} text */
function dotItem(tone, text) {
  const item = document.createElement("li");
  item.append(make("span", `dot ${tone}`, ""), make("span", "", text));
  return item;
}

/** @param {string} first @param {string} second */
function twoLines(first, second) {
  const cell = make("span", "", first);
  if (second !== "") cell.append(make("small", "", second));
  return cell;
}

/**
 * Headings that start with # are columns of numbers. Everything goes in as text, never as markup:
 * token names come from strangers.
 * @param {string[]} headings @param {(string | Node)[][]} rows
 */
function table(headings, rows) {
  const whole = document.createElement("table");
  const head = whole.createTHead().insertRow();
  for (const heading of headings) {
    head.append(make("th", heading.startsWith("#") ? "number" : "", heading.replace("#", "")));
  }
  const body = whole.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    row.forEach((content, at) => {
      const cell = line.insertCell();
      if (headings[at]?.startsWith("#") === true) cell.className = "number";
      cell.append(content);
    });
  }
  return whole;
}

/** @param {string} tag @param {string} className @param {string} text */
function make(tag, className, text) {
  const made = document.createElement(tag);
  if (className !== "") made.className = className;
  made.textContent = text;
  return made;
}

/** @param {string} id @param {Node[]} nodes */
function fill(id, nodes) {
  element(id, HTMLElement).replaceChildren(...nodes);
}

/**
 * @template {HTMLElement} T
 * @param {string} id @param {new () => T} type @returns {T}
 */
function element(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`expected an element ${id}`);
  return found;
}
