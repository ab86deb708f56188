import type { Drift, StatusView } from "@raptor/shared/wire/read.ts";
import { duration, shortAddress, timeOfDay } from "./numbers.ts";
import { RichText } from "./rich-text.ts";
import { screenOf, type Screen } from "./screen.ts";

const HOME_ROW = [{ text: "Home", nav: "home" as const }];

export function helpScreen(): Screen {
  const rich = new RichText()
    .bold("Help")
    .line()
    .line("Paste a token's mint or a link to it (DexScreener, pump.fun, Solscan) to see its card.")
    .line();
  for (const [command, meaning] of HELP_LINES) rich.line(`${command} · ${meaning}`);
  rich.line().line("A button that moves money works once. No receipt means nothing was bought.");
  return screenOf(rich, [HOME_ROW]);
}

/** The command menu, also registered with Telegram. */
export const HELP_LINES: readonly (readonly [string, string])[] = [
  ["/start", "home screen and deposit address"],
  ["/positions", "what is open, with sell buttons"],
  ["/buy", "<mint> <SOL>: buy without the card"],
  ["/sell", "sell; or <mint> <percent>"],
  ["/wallet", "deposit address and balance"],
  ["/pause", "stop new buys; exits go on"],
  ["/resume", "allow buys again"],
  ["/panic", "sell everything, one confirmation"],
  ["/status", "health, kill switch, last reconcile"],
  ["/token", "access token for the dashboard and API"],
  ["/kill", "admins: active, reducing or halted"],
  ["/help", "this text"],
];

export function statusScreen(view: StatusView, nowMs: number): Screen {
  const rich = new RichText().bold(`Status: ${view.phase}`).line();
  rich.line(`Trading: ${view.tradingState}`);
  if (view.tradingStateReason !== "") rich.plain(` (${view.tradingStateReason})`);
  rich.line(`Open positions: ${view.openPositions}`);
  rich.line(`Attempts not decided: ${view.unresolvedAttempts}`);
  rich.line(`Jobs waiting: ${view.pendingJobs} · notices waiting: ${view.pendingNotices}`);
  for (const [name, dependency] of Object.entries(view.dependencies)) {
    rich.line(`${dependency.ok ? "🟢" : "🔴"} ${name}: ${dependency.detail}`);
  }
  if (view.lastReconcile !== null) {
    const { atMs, drift } = view.lastReconcile;
    const found = drift.length === 0 ? "no difference" : `${drift.length} difference(s)`;
    rich.line(`Last reconcile ${duration(nowMs - atMs)} ago: ${found}`);
  }
  rich.line(`Up ${duration(view.uptimeMs)} · epoch ${view.epoch} · ${timeOfDay(nowMs)}`);
  return screenOf(rich, [[{ text: "Refresh", nav: "refresh" }, ...HOME_ROW]]);
}

export function panicConfirmScreen(positionCount: number): Screen {
  const rich = new RichText()
    .bold("🚨 Sell everything?")
    .line()
    .line(`${positionCount} open position(s) will be sold at market, slippage widening as needed.`)
    .line("New buys are paused until you /resume. Buys under way are sold when they land.");
  return screenOf(rich, [
    [
      {
        text: "Yes, sell everything",
        action: { kind: "panic" },
        lifetime: "menu",
        style: "danger",
      },
    ],
    HOME_ROW,
  ]);
}

export function noticeScreen(lines: readonly string[]): Screen {
  const rich = new RichText();
  lines.forEach((line, at) => {
    if (at === 0) rich.bold(line);
    else rich.line(line);
  });
  return screenOf(rich, [HOME_ROW]);
}

export function driftScreen(drift: readonly Drift[]): Screen {
  const rich = new RichText().bold("⚠️ The wallet differs from the ledger").line();
  for (const one of drift) {
    const mint = shortAddress(one.mint);
    rich.line(`${mint}: ledger ${one.ledgerQuantity}, chain ${one.chainQuantity} (${one.class})`);
  }
  rich.line("Tokens left outside Raptor. The ledger now follows the chain; exits were adjusted.");
  rich.line("New buys wait until you have read this.");
  return screenOf(rich, [
    [
      {
        text: "I know, allow buys again",
        action: { kind: "releaseEntries" },
        lifetime: "menu",
        style: "primary",
      },
    ],
    [{ text: "Positions", nav: "positions", arg: "0" }, ...HOME_ROW],
  ]);
}

export function apiTokenScreen(token: string, scopes: readonly string[]): Screen {
  const rich = new RichText()
    .bold("Your access token")
    .line("For the dashboard and the status API; it reads your own data and can do nothing else.")
    .line()
    .line()
    .code(token)
    .line()
    .line(`Scopes: ${scopes.join(", ")}. Delete this message when you have copied it.`)
    .line("/token revoke ends all your tokens.");
  return screenOf(rich, [[{ text: "Copy", copyText: token }, ...HOME_ROW]]);
}
