import { cleanField, cleanText } from "@raptor/shared/values/safe-text.ts";
import type { ExitSpec } from "@raptor/shared/domain/exit-rules.ts";
import type { TradingState } from "@raptor/shared/domain/trading-state.ts";
import { counted, exactSol, signedSol, sol, timeOfDay, usdBalance } from "./numbers.ts";
import { shortSpec } from "./exit-words.ts";
import { RichText } from "./rich-text.ts";
import { resumeButton, screenOf, type Screen, type ScreenButton } from "./screen.ts";

export interface HomeModel {
  name: string;
  address: string;
  /** Null when the chain cannot be read now. */
  lamports: bigint | null;
  solUsd: number | null;
  openPositions: number;
  openPnlLamports: bigint | null;
  realisedLamports: bigint;
  tradingState: TradingState;
  tradingStateReason: string;
  paused: boolean;
  heldReason: string;
  panicOpen: boolean;
  dependencies: { name: string; ok: boolean }[];
  /** What new positions get. */
  exitSpecs: readonly ExitSpec[];
  nowMs: number;
}

export function homeScreen(model: HomeModel): Screen {
  const rich = new RichText()
    .bold("Raptor")
    .plain(` · ${cleanField(model.name)}`)
    .line()
    .line("Deposit address (tap to copy):")
    .line()
    .code(model.address)
    .line()
    .line()
    .plain("Balance: ");
  if (model.lamports === null) rich.plain("cannot be read right now");
  else rich.bold(`${sol(model.lamports)} SOL`).plain(inUsd(model.lamports, model.solUsd));
  if (model.lamports === 0n) rich.line("Send SOL to the address above to begin.");
  rich.line(`Open positions: ${model.openPositions}`);
  if (model.openPnlLamports !== null && model.openPositions > 0) {
    rich.plain(` · PnL ${signedSol(model.openPnlLamports)} SOL`);
  }
  rich.line(`Realised PnL: ${signedSol(model.realisedLamports)} SOL`);
  rich.line(`Mode: ${modeOf(model)}`);
  rich.line(`Exits of new positions: ${exitsOf(model)}`);
  rich.line(`Health: ${healthOf(model)}`);
  rich.line().line("Paste a token's mint or a link to it to trade.");
  rich.line(`As of ${timeOfDay(model.nowMs)}`);
  const isClosed = model.paused || model.heldReason !== "";
  return screenOf(rich, [
    [
      { text: "Positions & sell", nav: "positions", arg: "0" },
      { text: "Limit buys", nav: "entries" },
      { text: "Refresh", nav: "refresh" },
    ],
    [
      { text: "Wallet", nav: "wallet" },
      { text: "Settings", nav: "settings" },
      { text: "Health", nav: "status" },
      { text: "Help", nav: "help" },
    ],
    isClosed
      ? [resumeButton(model.nowMs)]
      : [{ text: "Pause entries", nav: "pause", style: "danger" }],
    [{ text: "Panic: sell everything", nav: "askPanic", style: "danger" }],
  ]);
}

function modeOf(model: HomeModel): string {
  if (model.tradingState !== "active") {
    const reason =
      model.tradingStateReason === "" ? "" : ` (${cleanText(model.tradingStateReason)})`;
    return `${model.tradingState} by the kill switch${reason}: exits only`;
  }
  if (model.panicOpen) return "panic: selling everything";
  if (model.heldReason !== "") return `buys wait (${cleanText(model.heldReason)}): exits only`;
  return model.paused ? "paused: exits only" : "live";
}

/** One dot while all is well: ten green ones would hide the red one. */
function healthOf(model: HomeModel): string {
  const broken = model.dependencies.filter((one) => !one.ok).map(({ name }) => name);
  // A node counts as broken after several failures; this one read is already a sign.
  if (model.lamports === null) broken.unshift("the chain");
  if (broken.length === 0) return "🟢 everything works";
  return broken.map((name) => `🔴\u00a0${name}`).join("  ");
}

function exitsOf(model: HomeModel): string {
  const kinds = model.exitSpecs.map(shortSpec);
  return kinds.length === 0 ? "none" : kinds.join(", ");
}

function inUsd(lamports: bigint, solUsd: number | null): string {
  if (solUsd === null) return "";
  return ` (${usdBalance((Number(lamports) / 1e9) * solUsd)})`;
}

export interface WalletModel {
  address: string;
  lamports: bigint | null;
  /** Accounts that hold rent back for safe exits; `isMoving`: some are set up or taken back now. */
  nonces: { count: number; lamports: bigint; isMoving: boolean };
  nowMs: number;
}

export function walletScreen(model: WalletModel): Screen {
  const rich = new RichText()
    .bold("Wallet")
    .line()
    .line("Send SOL on Solana to this address (tap to copy):")
    .line()
    .code(model.address)
    .line()
    .line()
    .plain(
      model.lamports === null
        ? "The balance cannot be read right now."
        : `Balance: ${exactSol(model.lamports)} SOL`,
    );
  const { count, lamports, isMoving } = model.nonces;
  if (count > 0) {
    rich.line(
      `Held back for safe exits: ${exactSol(lamports)} SOL in ${counted(count, "account")}`,
    );
    rich.plain(", yours again at any time without an open position.");
  }
  if (isMoving) rich.line("⏳ Rent is on its way; Refresh shows when it has arrived.");
  rich.line(`As of ${timeOfDay(model.nowMs)}`);
  const reclaim: ScreenButton = {
    text: "Reclaim rent",
    action: { kind: "reclaimNonces" },
    lifetime: "menu",
  };
  return screenOf(rich, [
    ...(count > 0 ? [[reclaim]] : []),
    [
      { text: "Copy address", copyText: model.address },
      { text: "Explorer", url: `https://solscan.io/account/${model.address}` },
    ],
    [
      { text: "Refresh", nav: "refresh" },
      { text: "Home", nav: "home" },
    ],
  ]);
}
