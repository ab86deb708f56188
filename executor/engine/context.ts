import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { Notices } from "../ports/notices.ts";
import type { Store } from "../ports/store.ts";
import type { Venue } from "../ports/venue.ts";
import type { EngineSettings } from "./settings.ts";

/** What every part of the engine is given. */
export interface EngineContext {
  store: Store;
  venue: Venue;
  notices: Notices;
  clock: Clock;
  log: Log;
  metrics: Metrics;
  settings: EngineSettings;
  /** Second channel for operators; never waits. */
  shout(text: string): void;
  /** The chain contradicts the ledger: compare them now instead of at the next tick. */
  doubtLedger(): void;
  /** Why entries wait for everybody: the venue's truth has not been read since start-up. */
  entryHold(): string | undefined;
  /**
   * Why attempts limited by a blockhash may not be started: the lease is not known to be ours, so
   * another executor may hold it. What shares a nonce can still take effect only once.
   */
  blockhashHold(): string | undefined;
  /**
   * Only with `MIRROR=sync`: waits a moment for the copy to have everything committed until now.
   * False: it does not, and an entry must not leave yet.
   */
  isMirrored?(): Promise<boolean>;
  /** A broken invariant or an unexpected error: the process stops, start-up recovers. */
  onFatal(error: unknown): void;
}
