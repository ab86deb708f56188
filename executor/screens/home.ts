import { cleanField } from "@raptor/shared/values/safe-text.ts";
import type { TradingState } from "@raptor/shared/domain/trading-state.ts";
import { percentOfBps, shortAddress, signedSol, sol, timeOfDay, usd } from "./numbers.ts";
import { RichText } from "./rich-text.ts";
import { screenOf, type Screen } from "./screen.ts";

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
  paused: boolean;
  heldReason: string;
  panicOpen: boolean;
  dependencies: { name: string; ok: boolean }[];
  takeProfitBps: number;
  stopLossBps: number;
  nowMs: number;
}

export function homeScreen(model: HomeModel): Screen {
  const rich = new RichText()
    .bold("Raptor")
    .plain(` · ${cleanField(model.name)} · ${shortAddress(model.address)}`)
    .line()
    .line("Deposit address (tap to copy):")
    .line()
    .code(model.address)
    .line()
    .line()
    .plain("Balance: ");
  if (model.lamports === null) rich.plain("cannot be read right now");
  else rich.bold(`${sol(model.lamports)} SOL`).plain(inUsd(model.lamports, model.solUsd));
  rich.line(`Open positions: ${model.openPositions}`);
  if (model.openPnlLamports !== null && model.openPositions > 0) {
    rich.plain(` · PnL ${signedSol(model.openPnlLamports)} SOL`);
  }
  rich.line(`Realised: ${signedSol(model.realisedLamports)} SOL`);
  rich.line(`Mode: ${modeOf(model)}`);
  rich.line(`Exits: ${exitsOf(model)}`);
  const dots = model.dependencies.map((one) => `${one.ok ? "🟢" : "🔴"} ${one.name}`);
  rich.line(dots.join("  "));
  rich.line().line(`Paste a token's mint or link to trade it. · ${timeOfDay(model.nowMs)}`);
  return screenOf(rich, [
    [
      { text: "Positions", nav: "positions", arg: "0" },
      { text: "Sell", nav: "sell" },
    ],
    [
      { text: "Wallet", nav: "wallet" },
      { text: "Health", nav: "status" },
      { text: "Help", nav: "help" },
    ],
    [
      { text: "Refresh", nav: "refresh" },
      model.paused
        ? {
            text: "Resume entries",
            action: { kind: "resume", shownMs: model.nowMs },
            lifetime: "trade",
            style: "success",
          }
        : { text: "Pause entries", nav: "pause", style: "danger" },
    ],
    [{ text: "Panic: sell everything", nav: "askPanic", style: "danger" }],
  ]);
}

function modeOf(model: HomeModel): string {
  if (model.tradingState !== "active") return `${model.tradingState} (kill switch): exits only`;
  if (model.panicOpen) return "panic: selling everything";
  if (model.heldReason !== "") return `entries held: ${model.heldReason}`;
  return model.paused ? "paused: exits only" : "live";
}

function exitsOf(model: HomeModel): string {
  const parts: string[] = [];
  if (model.takeProfitBps > 0) parts.push(`take profit +${percentOfBps(model.takeProfitBps)} %`);
  if (model.stopLossBps > 0) parts.push(`stop loss -${percentOfBps(model.stopLossBps)} %`);
  return parts.length === 0 ? "none" : parts.join(", ");
}

function inUsd(lamports: bigint, solUsd: number | null): string {
  if (solUsd === null) return "";
  return ` (${usd((Number(lamports) / 1e9) * solUsd)})`;
}

export function walletScreen(model: { address: string; lamports: bigint | null }): Screen {
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
        : `Balance: ${sol(model.lamports, 9)} SOL`,
    );
  return screenOf(rich, [
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
