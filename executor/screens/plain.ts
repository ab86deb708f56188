import type { StatusView } from "@raptor/shared/wire/read.ts";
import { cleanText } from "@raptor/shared/values/safe-text.ts";
import { counted, duration, timeOfDay } from "./numbers.ts";
import { RichText } from "./rich-text.ts";
import { resumeButton, screenOf, type Screen, type ScreenButton } from "./screen.ts";

const HOME_ROW: ScreenButton[] = [{ text: "Home", nav: "home" }];

export function helpScreen(): Screen {
  const rich = new RichText()
    .bold("Help")
    .line()
    .line("Paste a token's mint or a link to it (DexScreener, pump.fun, Solscan) to see its card.")
    .line();
  for (const [command, meaning] of HELP_LINES) rich.line(`${command} · ${meaning}`);
  rich.line().line("A button that moves money works once.");
  rich.line("Only a receipt (✅ Bought, ✅ Sold) means that a trade happened.");
  return screenOf(rich, [HOME_ROW]);
}

/** The command menu, also registered with Telegram. */
export const HELP_LINES: readonly (readonly [string, string])[] = [
  ["/start", "home screen and deposit address"],
  ["/positions", "what is open, with sell buttons"],
  ["/buy", "buy without the card: /buy <mint> <SOL>"],
  ["/sell", "what you can sell; or /sell <mint> <percent>"],
  ["/wallet", "deposit address and balance"],
  ["/orders", "limit buys that wait for their price"],
  ["/settings", "exit rules of new positions, MEV protection"],
  ["/pause", "stop new buys; exits go on"],
  ["/resume", "allow buys again"],
  ["/panic", "sell everything, one confirmation"],
  ["/why", "what happened, step by step: your last trades, or /why <id>"],
  ["/status", "health, kill switch, last reconcile"],
  ["/token", "access token for the dashboard; /token revoke ends all"],
  ["/kill", "admins: stop trading; /kill active allows it again"],
  ["/help", "this text"],
];

export interface StatusModel {
  view: StatusView;
  /** Of the person who asks; the view counts everybody's. */
  ownPositions: number;
  nowMs: number;
}

export function statusScreen({ view, ownPositions, nowMs }: StatusModel): Screen {
  const rich = new RichText().bold(`Status: ${view.phase}`).line();
  rich.line(`Trading: ${view.tradingState}`);
  const reason = view.tradingState === "active" ? "" : view.tradingStateReason;
  if (reason !== "") rich.plain(` (${cleanText(reason)})`);
  rich.line(`Your open positions: ${ownPositions}`);
  rich.line(`Attempts not decided: ${view.unresolvedAttempts}`);
  // The command that asks for this screen is itself one of the jobs.
  const otherJobs = Math.max(0, view.pendingJobs - 1);
  rich.line(`Waiting: ${counted(otherJobs, "job")}, ${counted(view.pendingNotices, "notice")}`);
  rich.line();
  for (const [name, dependency] of Object.entries(view.dependencies)) {
    rich.line(`${dependency.ok ? "🟢" : "🔴"} ${name}: ${cleanText(dependency.detail)}`);
  }
  rich.line();
  if (view.lastReconcile !== null) {
    const { atMs, drift } = view.lastReconcile;
    const found = drift.length === 0 ? "no difference" : counted(drift.length, "difference");
    rich.line(`Last reconcile ${duration(nowMs - atMs)} ago: ${found}`);
  }
  rich.line(`Up ${duration(view.uptimeMs)} · epoch ${view.epoch} · ${timeOfDay(nowMs)}`);
  return screenOf(rich, [[{ text: "Refresh", nav: "refresh" }, ...HOME_ROW]]);
}

export function panicConfirmScreen(positionCount: number): Screen {
  const rich = new RichText()
    .bold("🚨 Sell everything?")
    .line()
    .line(
      positionCount === 0
        ? "No position is open now; a buy that is still under way is sold when it lands."
        : `${counted(positionCount, "open position")} will be sold at market, slippage widening as ` +
            "needed. Buys under way are sold when they land.",
    )
    .line("New buys are paused until you resume them. Nothing happens until you press.");
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

/** Takes the place of the question, so that it cannot be answered twice. */
export function panicStartedScreen(positionCount: number): Screen {
  const rich = new RichText().bold("🚨 Panic: selling everything").line();
  rich.line(
    positionCount === 0
      ? "No position is open; a buy that is still under way is sold when it lands."
      : `${counted(positionCount, "position")} ${positionCount === 1 ? "is" : "are"} being sold, ` +
          "each with a message of its own below.",
  );
  rich.line("New buys are paused. A last message says when all is done.");
  return screenOf(rich, [[{ text: "Positions", nav: "positions", arg: "0" }, ...HOME_ROW]]);
}

export interface NoticeOptions {
  /** When set, buys are paused or held and a button allows them again. */
  resumeShownMs?: number;
}

export function noticeScreen(lines: readonly string[], options: NoticeOptions = {}): Screen {
  const rich = new RichText();
  lines.forEach((line, at) => {
    if (at === 0) rich.bold(cleanText(line));
    else rich.line(cleanText(line));
  });
  const { resumeShownMs } = options;
  const rows = resumeShownMs === undefined ? [] : [[resumeButton(resumeShownMs)]];
  return screenOf(rich, [...rows, HOME_ROW]);
}

export function apiTokenScreen(token: string, scopes: readonly string[]): Screen {
  const rich = new RichText()
    .bold("Your access token")
    .line("For the dashboard and the status API. It reads your own data and can do nothing else.")
    .line()
    .line()
    .code(token)
    .line()
    .line(`Scopes: ${scopes.join(", ")}. Delete this message when you have copied it.`)
    .line("To end all your tokens, type: /token revoke");
  return screenOf(rich, [[{ text: "Copy", copyText: token }, ...HOME_ROW]]);
}
