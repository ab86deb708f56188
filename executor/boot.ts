import type { AttemptTracker } from "./engine/attempt-tracker.ts";
import type { EngineContext } from "./engine/context.ts";
import type { Exits } from "./engine/exits.ts";
import { outlastJournalTrouble } from "./engine/journal-trouble.ts";
import type { NoncePool } from "./engine/nonce-pool.ts";
import type { OrderDriver } from "./engine/order-driver.ts";
import type { Panic } from "./engine/panic.ts";
import type { Reconciler } from "./engine/reconcile.ts";
import type { Settlement } from "./engine/settlement.ts";
import type { JobIntake } from "./jobs/intake.ts";
import { settleRestored } from "./jobs/restored.ts";
import type { Lifecycle } from "./jobs/lifecycle.ts";
import type { WalletKeys } from "./jobs/wallet-keys.ts";
import type { DeskClaim } from "./ports/desk-claim.ts";
import type { PriceFeed } from "./ports/market.ts";

export interface BootReport {
  armedExits: number;
  armedAfterMs: number;
  redrivenJobs: number;
}

export interface BootParts {
  context: EngineContext;
  lifecycle: Lifecycle;
  feed: Pick<PriceFeed, "start">;
  exits: Exits;
  tracker: AttemptTracker;
  driver: OrderDriver;
  panic: Panic;
  reconciler: Reconciler;
  settlement: Settlement;
  pool: Pick<NoncePool, "start">;
  intake: Pick<JobIntake, "redrive">;
  walletKeys: Pick<WalletKeys, "check">;
  outbox: { start(): void };
  schedule: { start(): void };
  noteReconcile(isComplete: boolean): void;
  process: { version: string; pid: number };
  /** Absent without a database: the journal alone counts epochs. */
  claim?: Pick<DeskClaim, "epoch"> | undefined;
  /** Aborted when the process is told to stop: the boot then starts nothing more. */
  signal: AbortSignal;
}

/** Start-up waits this long for the venues' truth; then exits and intake go on without entries. */
const BOOT_RECONCILE_MS = 10_000;

/**
 * From an open journal to a ready desk; exits are armed before anything is accepted. While the disk
 * takes no writes it stays here, with exits watched and undecided attempts followed, until it can
 * go on: a process that ended itself instead would only meet the same disk again.
 */
export async function bootDesk(parts: BootParts): Promise<BootReport> {
  const { context, lifecycle, signal, exits, tracker, driver } = parts;
  const { store, clock, venue } = context;
  const startedMs = clock.monotonicMs();
  const report: BootReport = { armedExits: 0, armedAfterMs: 0, redrivenJobs: 0 };
  const outlast = <T>(work: () => Promise<T>): Promise<T | undefined> =>
    outlastJournalTrouble(context, signal, work);

  const hasEpoch = outlast(() => startEpoch(parts));
  // A healthy disk answers within milliseconds, and then the epoch stands before all else. What the
  // venue does meanwhile is to read: exits must not wait for one after the other.
  const isPatient = Promise.race([hasEpoch, clock.sleep(EPOCH_PATIENCE_MS, signal)]);
  await Promise.all([isPatient, venue.start()]);
  if (signal.aborted) return report;
  report.armedExits = exits.armAll();
  parts.feed.start();
  report.armedAfterMs = Math.round(clock.monotonicMs() - startedMs);
  for (const attempt of store.unresolvedAttempts()) tracker.track(attempt.attemptId);

  await hasEpoch;
  if (signal.aborted) return report;
  await outlast(() => settleRestored(context));
  if (signal.aborted) return report;
  lifecycle.enter("reconciling");
  parts.outbox.start();
  const first = outlast(async () => {
    const result = await parts.reconciler.run("boot");
    parts.noteReconcile(result.isComplete);
  }).catch(context.onFatal);
  const keys = outlast(() => parts.walletKeys.check()).catch(context.onFatal);
  await Promise.race([Promise.all([first, keys]), clock.sleep(BOOT_RECONCILE_MS, signal)]);
  if (signal.aborted) return report;
  lifecycle.enter("ready");
  report.redrivenJobs = parts.intake.redrive();
  for (const order of store.openOrders()) driver.start(order.orderId);
  await outlast(() => parts.panic.resumeAll());
  if (signal.aborted) return report;
  parts.settlement.start();
  parts.pool.start();
  parts.schedule.start();
  context.log.info({ ...report }, "ready");
  return report;
}

const EPOCH_PATIENCE_MS = 500;

/** The epoch of the claim is above every one of the journal; both agree from here on. */
function startEpoch({ context, process, claim }: BootParts): Promise<void> {
  return context.store.transact((tx) => {
    const epoch = Math.max(tx.epoch() + 1, claim?.epoch() ?? 0);
    const payload = { epoch, ...process };
    tx.append({ stream: "executor", kind: "EpochStarted", payload });
  });
}
