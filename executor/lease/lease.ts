import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import { elapsedAtMost, momentOf, type Moment } from "./elapsed.ts";
import { claimAfter, judgeClaim } from "./judge-claim.ts";
import { validMsOf } from "./lease-database.ts";
import type {
  LeaseDatabase,
  LeaseIdentity,
  LeaseRow,
  LeaseSession,
  LeaseSettings,
} from "./lease-database.ts";
import { SilenceWatch } from "./silence-watch.ts";
import { takeLease, type TakeOutcome } from "./take-lease.ts";

/**
 * `held`: renewed in time. `doubtful`: the last renewal failed and the one before still counts.
 * `lapsed`: none counts, another executor may be at work. `fenced`: another one is; for good.
 */
export type LeaseState = "held" | "doubtful" | "lapsed" | "fenced";

export interface LeaseOptions {
  database: LeaseDatabase;
  clock: Clock;
  log: Log;
  identity: LeaseIdentity;
  settings: LeaseSettings;
  /** The newest epoch in our journal. */
  journalEpoch(): number;
  /** Called when the state changed, as the heartbeat sees it; never inside a check. */
  onState?(state: LeaseState, reason: string): void;
}

/** How soon a failed renewal is tried again, at most. */
const RETRY_MS_MAX = 1_000;

/**
 * Our claim to be the one executor. `state` judges it on the spot and without the network; the
 * heartbeat renews it for as long as the process lives, also when there is nothing to do: an
 * executor that only renews when it works looks dead when it rests.
 */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #stop = new AbortController();
  readonly #silence: SilenceWatch;
  #row: LeaseRow | undefined;
  #renewedAt: Moment | undefined;
  #session: LeaseSession | undefined;
  #isLocked = false;
  #looks = 0;
  #isFailing = false;
  #fence: string | undefined;
  #shown: LeaseState | undefined;
  #beating: Promise<void> = Promise.resolve();

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#silence = new SilenceWatch(options.clock);
  }

  /** Judged now. Whoever is about to sign or send asks first, in the same turn. */
  state(): LeaseState {
    if (this.#fence !== undefined) return "fenced";
    if (this.#renewedAt === undefined) return "lapsed";
    const { clock, settings } = this.#options;
    if (elapsedAtMost(clock, this.#renewedAt) >= validMsOf(settings)) return "lapsed";
    return this.#isFailing ? "doubtful" : "held";
  }

  /** How much longer the newest renewal counts, as things stand now; at least 0. */
  leftMs(): number {
    if (this.#renewedAt === undefined || this.#fence !== undefined) return 0;
    const { clock, settings } = this.#options;
    return Math.max(0, validMsOf(settings) - elapsedAtMost(clock, this.#renewedAt));
  }

  /** The epoch of our claim; undefined before the first one. */
  get epoch(): number | undefined {
    return this.#row?.epoch;
  }

  get fence(): string | undefined {
    return this.#fence;
  }

  /** At the start, before anything else may move money. Changes nothing when it is refused. */
  async take(wait: { waitMsMax: number; reachMsMax: number }): Promise<TakeOutcome> {
    const outcome = await takeLease({ ...this.#options, ...wait, signal: this.#stop.signal });
    if (outcome.outcome === "taken") {
      this.#adopt(outcome.session);
      this.#isLocked = true;
      this.#count(outcome.row, outcome.sentAt);
    }
    return outcome;
  }

  /** Renews until `release` or a fence. */
  start(): void {
    this.#shown ??= this.state();
    this.#beating = this.#beat();
  }

  /**
   * Says that this executor has ended, so that the next one need not wait. Call it when nothing can
   * be signed or sent any more; an unreachable database only makes the next one wait.
   */
  async release(headSeq: number): Promise<void> {
    this.#stop.abort();
    await this.#beating;
    const row = this.#row;
    const isOurs = row !== undefined && this.#fence === undefined;
    this.#fence ??= "this executor has given the lease back";
    try {
      if (isOurs) {
        const session = await this.#open();
        const seen = await session.read();
        if (seen?.epoch === row.epoch && seen.holder === row.holder) {
          const renewals = seen.renewals + 1;
          await session.swap(seen, { ...seen, renewals, phase: "released", headSeq });
        }
      }
    } catch (error) {
      this.#options.log.warn({ cause: causeOf(error) }, "the lease could not be given back");
    } finally {
      this.#session?.close();
    }
  }

  /** Ends without a word, as a process that is killed does. */
  async abandon(): Promise<void> {
    this.#stop.abort();
    this.#session?.close();
    await this.#beating;
  }

  async #beat(): Promise<void> {
    const { clock, settings } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted && this.#fence === undefined) {
      const retryMs = Math.min(RETRY_MS_MAX, settings.renewMs);
      await clock.sleep(this.#isFailing ? retryMs : settings.renewMs, signal);
      if (signal.aborted) return;
      const reason = await this.#renewSafely();
      if (!signal.aborted) this.#show(reason);
    }
  }

  async #renewSafely(): Promise<string> {
    try {
      await this.#renew();
      this.#isFailing = false;
      return "the lease was renewed";
    } catch (error) {
      if (!isRaptorError(error) || !error.code.startsWith("RAPTOR_POSTGRES")) throw error;
      this.#session?.close();
      this.#isFailing = true;
      return causeOf(error);
    }
  }

  /** By the row's epoch, not by the lock: the row says who came after us, a lock cannot. */
  async #renew(): Promise<void> {
    const { clock, identity } = this.#options;
    const session = await this.#open();
    const seen = await session.read();
    const ours = this.#row;
    if (ours === undefined) return this.#takeLate(session, seen);
    if (seen !== undefined && isAhead(seen, ours)) {
      this.#fence = `epoch ${seen.epoch} has taken over from our epoch ${ours.epoch}`;
      return;
    }
    // A database that was put back to an older copy has forgotten us; the epoch we had stands.
    const renewals = Math.max(seen?.renewals ?? 0, ours.renewals) + 1;
    const next: LeaseRow = { ...identity, ...pick(ours), renewals, phase: "held", headSeq: null };
    const sentAt = momentOf(clock);
    // Whoever wrote in between is seen at the next beat; our claim is not longer for it.
    if (!(await session.swap(seen, next))) return;
    this.#count(next, sentAt);
    if (!this.#isLocked) this.#isLocked = await session.lock(0);
  }

  /** Started while the database was away: the claim is judged as at a start, without a wait. */
  async #takeLate(session: LeaseSession, seen: LeaseRow | undefined): Promise<void> {
    const { clock, identity, journalEpoch, settings } = this.#options;
    const verdict = judgeClaim(seen, identity);
    if (verdict.may === "refuse") {
      this.#fence = verdict.reason;
      return;
    }
    const silentMs = this.#silence.silentMs(seen);
    if (verdict.may === "wait" && silentMs < settings.ttlMs) {
      // The first look counts from 0; a later 0 is a renewal, by somebody who lives.
      if (this.#looks++ > 0 && silentMs === 0) this.#fence = "another Machine renews the lease";
      return;
    }
    const next = claimAfter(seen, identity, journalEpoch());
    const sentAt = momentOf(clock);
    if (await session.swap(seen, next)) this.#count(next, sentAt);
  }

  #count(row: LeaseRow, sentAt: Moment): void {
    this.#row = row;
    this.#renewedAt = sentAt;
  }

  async #open(): Promise<LeaseSession> {
    if (this.#session !== undefined && !this.#session.isLost) return this.#session;
    return this.#adopt(await this.#options.database.open());
  }

  #adopt(session: LeaseSession): LeaseSession {
    this.#session = session;
    this.#isLocked = false;
    session.onLost(() => {
      if (this.#session === session) this.#isLocked = false;
    });
    return session;
  }

  #show(reason: string): void {
    const state = this.state();
    if (state === this.#shown) return;
    this.#shown = state;
    const told = this.#fence ?? reason;
    this.#options.log.warn({ state, reason: told, epoch: this.#row?.epoch }, "the lease changed");
    this.#options.onState?.(state, told);
  }
}

/** Whether the row was written by somebody after us: a higher epoch, or ours under another name. */
function isAhead(seen: LeaseRow, ours: LeaseRow): boolean {
  return seen.epoch > ours.epoch || (seen.epoch === ours.epoch && seen.holder !== ours.holder);
}

function pick({ epoch, holder }: LeaseRow): Pick<LeaseRow, "epoch" | "holder"> {
  return { epoch, holder };
}

function causeOf(error: unknown): string {
  if (!isRaptorError(error)) return String(error);
  return `${error.message} (${String(error.context["reason"])})`;
}
