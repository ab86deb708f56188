import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { elapsedAtLeast, momentOf, type Moment } from "./elapsed.ts";
import { claimAfter, judgeClaim } from "./judge-claim.ts";
import type {
  LeaseDatabase,
  LeaseIdentity,
  LeaseRow,
  LeaseSession,
  LeaseSettings,
} from "./lease-database.ts";
import { SilenceWatch } from "./silence-watch.ts";

export type TakeOutcome =
  | { outcome: "taken"; row: LeaseRow; sentAt: Moment; session: LeaseSession }
  | { outcome: "refused"; reason: string; row: LeaseRow | undefined }
  /** Nobody answered: nothing is known of the claim. */
  | { outcome: "unreachable"; reason: string };

export interface TakeOptions {
  database: LeaseDatabase;
  clock: Clock;
  identity: LeaseIdentity;
  settings: LeaseSettings;
  journalEpoch(): number;
  /** How long another machine's claim is waited for; it needs more than a TTL to see one end. */
  waitMsMax: number;
  /** For how long an unreachable database is asked again. */
  reachMsMax: number;
  signal: AbortSignal;
}

/** Between two looks at a row that may change; the lock wakes sooner where it can. */
const LOOK_MS = 250;
const RETRY_MS = 500;

/** Takes the lease as soon as that is certainly nobody else's turn, or says why not. */
export async function takeLease(options: TakeOptions): Promise<TakeOutcome> {
  const { clock, signal, reachMsMax } = options;
  const watch = new ClaimWatch(options);
  let reason = "the start was ended";
  let unreachableSince: Moment | undefined;
  while (!signal.aborted) {
    let session: LeaseSession | undefined;
    try {
      session = await options.database.open();
      unreachableSince = undefined;
      const outcome = await watch.follow(session);
      if (outcome.outcome !== "taken") session.close();
      return outcome;
    } catch (error) {
      session?.close();
      if (!isRaptorError(error) || !error.code.startsWith("RAPTOR_POSTGRES")) throw error;
      reason = `${error.message} (${String(error.context["reason"])})`;
      unreachableSince ??= momentOf(clock);
      if (elapsedAtLeast(clock, unreachableSince) >= reachMsMax) break;
      await clock.sleep(Math.min(RETRY_MS, reachMsMax), signal);
    }
  }
  return { outcome: "unreachable", reason };
}

/** Follows one claim over as many sessions as it takes; what was seen stays seen. */
class ClaimWatch {
  readonly #options: TakeOptions;
  readonly #startedAt: Moment;
  readonly #silence: SilenceWatch;

  constructor(options: TakeOptions) {
    this.#options = options;
    this.#startedAt = momentOf(options.clock);
    this.#silence = new SilenceWatch(options.clock);
  }

  async follow(session: LeaseSession): Promise<TakeOutcome> {
    const { clock, identity, settings, waitMsMax, signal } = this.#options;
    let isLocked = false;
    for (;;) {
      const row = await session.read();
      const verdict = judgeClaim(row, identity);
      if (verdict.may === "refuse") return { outcome: "refused", reason: verdict.reason, row };
      const silentMs = this.#silence.silentMs(row);
      if (verdict.may === "take" || silentMs >= settings.ttlMs) {
        const taken = await this.#take(session, row, isLocked);
        if (taken !== undefined) return taken;
        continue;
      }
      if (signal.aborted || elapsedAtLeast(clock, this.#startedAt) >= waitMsMax) {
        const reason = "Another Machine renews the lease of this very volume; it was waited for.";
        return { outcome: "refused", reason, row };
      }
      const waitMs = Math.min(LOOK_MS, settings.ttlMs - silentMs);
      // Without the lock its end is waited for on the server; with it only time can pass.
      if (isLocked) await clock.sleep(waitMs, signal);
      else isLocked = await session.lock(waitMs);
    }
  }

  async #take(
    session: LeaseSession,
    row: LeaseRow | undefined,
    isLocked: boolean,
  ): Promise<TakeOutcome | undefined> {
    const { clock, identity, journalEpoch } = this.#options;
    const next = claimAfter(row, identity, journalEpoch());
    const sentAt = momentOf(clock);
    if (!(await session.swap(row, next))) return undefined;
    // A frozen predecessor keeps its session, and the lock with it, until somebody ends them.
    if (!isLocked && !(await session.lock(0))) {
      await session.endLockHolder();
      await session.lock(LOOK_MS);
    }
    return { outcome: "taken", row: next, sentAt, session };
  }
}
