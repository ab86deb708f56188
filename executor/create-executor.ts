import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { IdSource, Prng } from "@raptor/shared/seams/chance.ts";
import type { Log } from "@raptor/shared/seams/log.ts";
import type { Net } from "@raptor/shared/seams/net.ts";
import { bootDesk, type BootReport } from "./boot.ts";
import { buildRooms } from "./build-rooms.ts";
import type { ExecutorEnv } from "./env.ts";
import type { TelegramChat } from "./notify/telegram.ts";
import type { Metrics } from "./ports/metrics.ts";
import type { DeskClaim } from "./ports/desk-claim.ts";
import type { Postgres } from "./ports/postgres.ts";
import type { Signer } from "./ports/signer.ts";
import type { Store } from "./ports/store.ts";
import type { ExecutorApi } from "./server/api.ts";
import { healthReport, type HealthReport } from "./server/health.ts";
import type { OperatorDesk } from "./server/operator-desk.ts";
import type { Ballast } from "./store/ballast.ts";
import { journalLateEpoch } from "./watch-claim.ts";

/** Everything from outside: real in `main.ts`, simulated in tests of the whole. */
export interface ExecutorSeams {
  env: ExecutorEnv;
  clock: Clock;
  net: Net;
  prng: Prng;
  ids: IdSource;
  log: Log;
  metrics: Metrics;
  signer: Signer;
  store: Store;
  ballast: Ballast;
  /** Absent without `DATABASE_URL`. */
  postgres?: Postgres | undefined;
  /** Absent where nothing but the lock file keeps another executor away. */
  claim?: DeskClaim | undefined;
  version: string;
  pid: number;
  onFatal(error: unknown): void;
}

export interface Executor {
  readonly api: ExecutorApi;
  readonly telegram: TelegramChat;
  /** Answers the command line of the machine. */
  readonly operator: OperatorDesk;
  health(isDeep: boolean): Promise<HealthReport>;
  /** From an open journal to a ready desk; exits are armed before anything is accepted. */
  boot(): Promise<BootReport>;
  /** Stops intake, finishes or journals what is under way, closes sockets. Not the store. */
  drain(): Promise<void>;
}

/** Wires the rooms together. Contains no rule of its own. */
export function createExecutor(seams: ExecutorSeams): Executor {
  const { env, clock, store, metrics } = seams;
  const rooms = buildRooms(seams);
  const { venue, feed, outbox, schedule, exits, tracker, driver, lanes } = rooms;
  const { lifecycle, reconciler, settlement, panic, pool } = rooms;
  const abort = new AbortController();
  const timers: Promise<void>[] = [];
  let booting: Promise<BootReport> | undefined;

  function every(intervalMs: number, task: () => Promise<void> | void): void {
    timers.push(repeat(clock, intervalMs, abort.signal, task, rooms.onFatal));
  }

  return {
    api: rooms.api,
    telegram: rooms.telegram,
    operator: rooms.operator,
    async health(isDeep) {
      if (isDeep) await schedule.checkWhenOld();
      const dependencies = rooms.dependencies();
      const { phase } = rooms.reads.status();
      return healthReport({
        phase,
        tradingState: store.control().tradingState,
        epoch: store.epoch(),
        version: seams.version,
        dependencies,
        isDeep,
      });
    },
    async boot() {
      const { version, pid, claim } = seams;
      const process = { version, pid };
      rooms.mirror?.start();
      booting = bootDesk({ ...rooms, process, claim, signal: abort.signal });
      const report = await booting;
      if (abort.signal.aborted) return report;
      rooms.limitBuys.armAll((userId) => rooms.admission.isAllowed(userId));
      rooms.watch.start();
      rooms.ready.start();
      every(env.RECONCILE_INTERVAL_MS, async () => {
        rooms.noteReconcile((await reconciler.run("timer")).isComplete);
      });
      if (claim !== undefined) {
        every(LATE_EPOCH_MS, () => journalLateEpoch(rooms.context, claim, process));
      }
      every(HOUSEKEEPING_MS, () => rooms.disk.tend());
      every(HOUSEKEEPING_MS, () => housekeep(store, clock, metrics));
      return report;
    },
    async drain() {
      lifecycle.enter("draining");
      abort.abort();
      exits.stop();
      rooms.limitBuys.stop();
      panic.stop();
      rooms.watch.stop();
      rooms.ready.stop();
      const limit = clock.sleep(env.DRAIN_MS);
      // A start-up under way ends at its next step; only then nothing is started any more.
      await Promise.race([Promise.allSettled([booting]), limit]);
      const work = [lanes.stop(), driver.stop(), tracker.stop(), settlement.stop(), pool.stop()];
      await Promise.race([Promise.all(work), limit]);
      await Promise.all([outbox.stop(), schedule.stop(), ...timers]);
      feed.stop();
      await Promise.all([venue.stop(), rooms.mirror?.stop()]);
    },
  };
}

const HOUSEKEEPING_MS = 5_000;
/** Entries wait for it, and only after a start without the database. */
const LATE_EPOCH_MS = 1_000;
/** Longer than any redelivery of QStash's dead letters, so that an old button stays explained. */
const OPERATIONAL_RETENTION_MS = 8 * 24 * 3_600_000;

async function housekeep(store: Store, clock: Clock, metrics: Metrics): Promise<void> {
  metrics.gauge("open_positions", store.openPositionCount());
  metrics.gauge("unresolved_attempts", store.unresolvedAttemptCount());
  metrics.gauge("journal_seq", store.headSeq());
  await store.transact((tx) => tx.purge(clock.nowMs() - OPERATIONAL_RETENTION_MS));
}

async function repeat(
  clock: Clock,
  intervalMs: number,
  signal: AbortSignal,
  task: () => Promise<void> | void,
  onFatal: (error: unknown) => void,
): Promise<void> {
  for (;;) {
    await clock.sleep(intervalMs, signal);
    if (signal.aborted) return;
    try {
      await task();
    } catch (error) {
      onFatal(error);
    }
  }
}
