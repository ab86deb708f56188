// @ts-check
/** Raptor's status page: reads the public API with the token of this tab, changes nothing else. */

import { element } from "./dom.js";
import { showHealth, showPositions, showStatus, showTrades } from "./views.js";

const REFRESH_MS = 5_000;
const TOKEN_KEY = "raptor-token";
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
/** Counts this tab's tokens, none included: what was asked for under an older one is dropped. */
let session = 0;

page.login.addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(TOKEN_KEY, page.token.value.trim());
  page.token.value = "";
  isAdmin = undefined;
  session += 1;
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
  const asked = session;
  try {
    showHealth(await get("/v1/health"));
    if (sessionStorage.getItem(TOKEN_KEY) !== null) await refreshDesk(asked);
    else showDesk(false);
    if (asked === session) showError("");
    page.updated.textContent = `updated ${new Date().toLocaleTimeString()}`;
  } catch (error) {
    // A refusal of the token before says nothing about the one that is here now.
    if (asked === session) showProblem(error);
  }
  if (!document.hidden) timer = setTimeout(() => void refresh(), REFRESH_MS);
}

/** @param {number} asked */
async function refreshDesk(asked) {
  // A token may hold only some scopes; what it may not see is left out instead of failing the page.
  const [status, positions, trades] = await Promise.all([
    getIfAllowed("/v1/status"),
    getIfAllowed("/v1/positions"),
    getIfAllowed(`/v1/trades?limit=${TRADES_SHOWN}`),
  ]);
  const mayChange = isAdmin ?? (await ask("/v1/metrics")).ok;
  if (asked !== session) return;
  isAdmin = mayChange;
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
      : /** @type {Error} */ (error).message,
  );
}

/** @param {string} text */
function showError(text) {
  page.error.textContent = text;
  page.error.hidden = text === "";
  // What stands below an error is the last that was read, and looks like it.
  page.desk.classList.toggle("stale", text !== "");
}

/** @param {string} why */
function forget(why) {
  sessionStorage.removeItem(TOKEN_KEY);
  isAdmin = undefined;
  session += 1;
  showDesk(false);
  // Hidden is not gone: nothing of what the token opened stays in the page.
  showStatus(undefined);
  showPositions(undefined);
  showTrades(undefined);
  showError(why);
}

/** @param {boolean} isOpen */
function showDesk(isOpen) {
  page.login.hidden = isOpen;
  page.desk.hidden = !isOpen;
  page.forget.hidden = !isOpen;
  page.kill.hidden = !isOpen || isAdmin !== true;
}

/** @param {string} state */
async function changeState(state) {
  const reason = page.reason.value.trim();
  if (reason === "") {
    page.killResult.textContent = "Give a reason first; it goes into the journal.";
    page.reason.focus();
    return;
  }
  page.killResult.textContent = "";
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
      ? /** @type {Error} */ (error).message
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
