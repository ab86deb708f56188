import type { NetRequest } from "@raptor/shared/seams/net.ts";
import type { Checker, Watch } from "./checker.ts";

interface Outgoing {
  text?: string;
  reply_markup?: { inline_keyboard?: { url?: string }[][] };
}

/** Words with which a message says that something was bought or sold. */
const RULES = "Take profit|Stop loss|Trailing stop|Time limit|Initials out|Market cap|Limit sell";
const SUCCESS = new RegExp(
  `^(✅ Bought|✅ Sold|🚨 Panic sold|\\S+ (${RULES})( \\d+ of \\d+)? sold)\\b`,
  "u",
);
/** The receipt of a fill that was taken back says so, and may link to a newer try. */
const TAKEN_BACK = "took this fill back";
const EXPLORER = /\/tx\/([1-9A-HJ-NP-Za-km-z]{64,90})/;

/**
 * Invariant 6, after every step: nobody is told of a success whose fill is not committed. At rest:
 * Telegram has taken a receipt for every fill that stands.
 */
export function createReceipts(watch: Watch): Checker {
  const filled = new Set<string>();
  const told = new Set<string>();
  return {
    name: "6 receipts",
    onCommit(events) {
      for (const { kind, payload } of events) {
        if (kind === "FillRecorded") filled.add(payload.fillId);
        if (kind === "FillReversed") filled.delete(payload.fillId);
      }
    },
    onRequest(host, request) {
      if (host !== "telegram.sim") return;
      const message = readMessage(request);
      if (message?.text === undefined || !SUCCESS.test(message.text)) return;
      if (message.text.includes(TAKEN_BACK)) return;
      const signature = signatureIn(message);
      if (signature !== undefined && filled.has(signature)) return;
      watch.report(`"${message.text.slice(0, 40)}" was told without a committed fill`);
    },
    onAnswered(host, request, { status }) {
      if (host !== "telegram.sim" || status !== 200) return;
      const message = readMessage(request);
      if (message?.text === undefined || !SUCCESS.test(message.text)) return;
      const signature = signatureIn(message);
      if (signature !== undefined) told.add(signature);
    },
    atRest() {
      for (const fillId of filled) {
        if (!told.has(fillId)) watch.report(`nobody was told of fill ${fillId}`);
      }
    },
  };
}

function readMessage({ url, body }: NetRequest): Outgoing | undefined {
  if (!/\/(sendMessage|editMessageText)$/.test(url)) return undefined;
  return JSON.parse(body ?? "{}") as Outgoing;
}

function signatureIn({ reply_markup }: Outgoing): string | undefined {
  const urls = (reply_markup?.inline_keyboard ?? []).flat().map(({ url }) => url ?? "");
  return urls.map((url) => EXPLORER.exec(url)?.[1]).find((one) => one !== undefined);
}
