import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { Net } from "@raptor/shared/seams/net.ts";
import type { Signer } from "../../ports/signer.ts";
import type { Venue } from "../../ports/venue.ts";
import type { Jupiter } from "./jupiter.ts";

export interface SolanaVenueSettings {
  /** One entry per provider: SOLANA_RPC_URLS and SOLANA_WS_URLS side by side. */
  providers: readonly { url: string; wsUrl: string }[];
  httpTimeoutMs: number;
  /** Most lamports of priority fee per transaction. */
  priorityFeeLamportsMax: bigint;
  /** A Token-2022 transfer fee above this is a reason to refuse a token. */
  transferFeeBpsMax: number;
}

export interface SolanaVenueDeps {
  net: Net;
  clock: Clock;
  prng: Prng;
  log: Log;
  signer: Signer;
  /** Shared with the price feed: one client, one rate limit. */
  jupiter: Jupiter;
  settings: SolanaVenueSettings;
}

export function createSolanaVenue(_deps: SolanaVenueDeps): Venue {
  throw new Error("being built");
}
