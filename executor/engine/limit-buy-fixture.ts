import type { EventPayloads } from "@raptor/shared/domain/events.ts";
import { INSTRUMENT, USER, WALLET_ID } from "./engine-fixture.ts";

/** A limit buy of half a SOL at or below a price, as its press journals it. */
export function limitBuy(triggerPriceE9: bigint, deadlineMs: number): EventPayloads["EntryArmed"] {
  return {
    entryId: "ent_one",
    userId: USER,
    walletId: WALLET_ID,
    venue: "SOLANA",
    instrument: INSTRUMENT,
    symbol: "TOK",
    decimals: 6,
    tokenProgram: "spl",
    triggerPriceE9: triggerPriceE9.toString(),
    notionalLamports: "500000000",
    slippageBpsMax: 1_000,
    deadlineMs,
    jobId: "ui:entry",
  };
}
