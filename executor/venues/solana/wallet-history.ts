import type { HistoryEntry, HistoryView, WalletMove } from "../../ports/venue.ts";
import { deriveWalletMove } from "./chain-deltas.ts";
import { historyAnswer, transactionAnswer, type TransactionAnswer } from "./rpc-answers.ts";
import type { RpcProvider } from "./rpc-provider.ts";
import type { Rpc } from "./rpc.ts";

/** The most that nodes give at once. */
const PAGE_MAX = 1_000;
/** A desk makes hundreds of transactions a day; beyond this somebody floods the wallet's history. */
const PAGES_MAX = 5;
/** Block times are estimates of the validators, some seconds off. */
const BLOCK_TIME_ERROR_MS = 60_000;
/** Transactions asked for at the same time, so that free nodes do not refuse. */
const SHOWN_AT_ONCE = 4;

/** Every node's history of an address; one of a chain that is not confirmed has no word. */
export async function fetchHistory(
  rpc: Rpc,
  address: string,
  since: { slot: number; tsMs: number },
): Promise<HistoryView[]> {
  await rpc.confirmChains();
  return Promise.all(
    rpc.providers.map(async (provider) => {
      const { name } = provider;
      const read = rpc.hasConfirmedChain(name)
        ? await readHistory(provider, address, since)
        : undefined;
      return { provider: name, entries: read?.entries ?? null, isWhole: read?.isWhole ?? false };
    }),
  );
}

async function readHistory(
  provider: RpcProvider,
  address: string,
  since: { slot: number; tsMs: number },
): Promise<{ entries: HistoryEntry[]; isWhole: boolean } | undefined> {
  const entries: HistoryEntry[] = [];
  let before: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const options = {
      limit: PAGE_MAX,
      commitment: "confirmed",
      ...(before === undefined ? {} : { before }),
    };
    const answer = await provider.call(
      "getSignaturesForAddress",
      [address, options],
      historyAnswer,
    );
    // A part is not a history: what a node could not tell must not look like nothing.
    if (!answer.ok) return undefined;
    for (const { signature, slot, err, blockTime } of answer.value) {
      const tsEventMs = typeof blockTime === "number" ? blockTime * 1_000 : null;
      const isOld = tsEventMs !== null && tsEventMs < since.tsMs - BLOCK_TIME_ERROR_MS;
      if (slot < since.slot && isOld) return { entries, isWhole: true };
      entries.push({ identity: signature, slot, isReverted: err !== null, tsEventMs });
    }
    if (answer.value.length < PAGE_MAX) return { entries, isWhole: true };
    before = answer.value.at(-1)?.signature;
  }
  return { entries, isWhole: false };
}

/** What transactions did to a wallet, from whichever node shows each of them. */
export async function fetchMoves(
  rpc: Rpc,
  wallet: string,
  signatures: readonly string[],
): Promise<WalletMove[]> {
  const moves: WalletMove[] = [];
  for (let at = 0; at < signatures.length; at += SHOWN_AT_ONCE) {
    const batch = signatures.slice(at, at + SHOWN_AT_ONCE);
    const shown = await Promise.all(batch.map((signature) => fetchShown(rpc, signature)));
    for (const one of shown) {
      if (one !== undefined) moves.push(deriveWalletMove(one, wallet));
    }
  }
  return moves;
}

/** From the first node that has it: another one may have a hole in its history there. */
async function fetchShown(rpc: Rpc, signature: string): Promise<TransactionAnswer | undefined> {
  const options = {
    encoding: "json",
    commitment: "confirmed",
    maxSupportedTransactionVersion: 0,
  };
  for (const provider of rpc.providers) {
    if (!rpc.hasConfirmedChain(provider.name)) continue;
    const answer = await provider.call("getTransaction", [signature, options], transactionAnswer);
    const isShown = answer.ok && answer.value?.transaction.signatures[0] === signature;
    if (isShown && answer.value !== null) return answer.value;
  }
  return undefined;
}
