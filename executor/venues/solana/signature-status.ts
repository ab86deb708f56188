import type { RpcResult } from "./rpc-provider.ts";
import { statusesAnswer } from "./rpc-answers.ts";
import type { Rpc } from "./rpc.ts";
import type { z } from "zod";

export type StatusesResult = RpcResult<z.infer<typeof statusesAnswer>>;

/** What the nodes together say about one signature; the strongest word wins. */
export type SignatureNews =
  | { kind: "unseen" }
  /** Not yet certain: it may still roll back. */
  | { kind: "processed"; provider: string; slot: number }
  | { kind: "landed" | "finalized"; provider: string; slot: number; err: unknown };

export function fetchStatuses(rpc: Rpc, signature: string): Promise<StatusesResult[]> {
  return rpc.askAll(
    "getSignatureStatuses",
    [[signature], { searchTransactionHistory: true }],
    statusesAnswer,
  );
}

/**
 * A success outweighs an error of the same rank, so that one node's false "it failed" never frees
 * a slot for a second order.
 */
export function readNews(results: readonly StatusesResult[]): SignatureNews {
  let best: SignatureNews = { kind: "unseen" };
  for (const result of results) {
    const status = result.ok ? result.value.value[0] : undefined;
    if (status === undefined || status === null) continue;
    const { provider } = result;
    const { slot, err } = status;
    // Old nodes say "rooted" by a missing count of confirmations.
    const level =
      status.confirmationStatus ?? (status.confirmations === null ? "finalized" : "processed");
    const news: SignatureNews =
      level === "processed"
        ? { kind: "processed", provider, slot }
        : { kind: level === "finalized" ? "finalized" : "landed", provider, slot, err };
    if (rankOf(news) > rankOf(best)) best = news;
  }
  return best;
}

function rankOf(news: SignatureNews): number {
  if (news.kind === "unseen") return 0;
  if (news.kind === "processed") return 1;
  const rank = news.kind === "finalized" ? 4 : 2;
  return news.err === null ? rank + 1 : rank;
}
