import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type KillCount, mergeTallies } from "./kill-tally.ts";
import type { StormOptions, StormReport } from "./run-storm.ts";

const WORKER = fileURLToPath(new URL("storm-worker.ts", import.meta.url));

export type FromWorker =
  | { kind: "kill"; name: string }
  | {
      kind: "report";
      report: Omit<StormReport, "byPoint"> & { byPoint: [string, KillCount][] };
    };

/**
 * Storms over several worlds at once, each a process with a desk, a chain and a seed of its own, so
 * that one works while another waits. The kills are divided between them.
 */
export async function runWorlds(options: StormOptions & { worlds: number }): Promise<StormReport> {
  const { kills, seed, worlds } = options;
  const startedMs = performance.now();
  let done = 0;
  const reports = await Promise.all(
    Array.from({ length: worlds }, (_, at) =>
      runWorld({
        kills: Math.floor((kills + at) / worlds),
        seed: seed + at,
        minutesMax: options.minutesMax,
        keepIn: options.keepIn,
        onKill: (_, name) => {
          done += 1;
          options.onKill(done, name);
        },
      }),
    ),
  );
  return { ...reports.reduce(merge), tookMs: performance.now() - startedMs };
}

function runWorld(options: StormOptions): Promise<StormReport> {
  const { kills, seed, minutesMax = Number.POSITIVE_INFINITY, keepIn, onKill } = options;
  const kept = keepIn === undefined ? [] : [keepIn];
  const given = [kills, seed, minutesMax].map(String);
  const child = fork(WORKER, [...given, ...kept], { execArgv: [] });
  let done = 0;
  let report: StormReport | undefined;
  child.on("message", (message: FromWorker) => {
    if (message.kind === "kill") onKill(++done, message.name);
    else report = { ...message.report, byPoint: new Map(message.report.byPoint) };
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    // Its last words may still be on their way when it is gone: the channel ends behind them.
    const isHeard = new Promise<void>((end) => void child.once("disconnect", () => end()));
    child.once("exit", (code) => {
      void isHeard.then(() => {
        if (report === undefined) reject(new Error(`the world of seed ${seed} ended with ${code}`));
        else resolve(report);
      });
    });
  });
}

function merge(left: StormReport, right: StormReport): StormReport {
  return {
    jobs: left.jobs + right.jobs,
    orders: left.orders + right.orders,
    attempts: left.attempts + right.attempts,
    resigned: left.resigned + right.resigned,
    replaced: left.replaced + right.replaced,
    fills: left.fills + right.fills,
    reversed: left.reversed + right.reversed,
    events: left.events + right.events,
    lost: [...left.lost, ...right.lost],
    double: [...left.double, ...right.double],
    missingReceipts: [...left.missingReceipts, ...right.missingReceipts],
    repeatedNotices: left.repeatedNotices + right.repeatedNotices,
    journal: left.journal === "holds" ? right.journal : left.journal,
    kills: left.kills + right.kills,
    unresolvedKills: left.unresolvedKills + right.unresolvedKills,
    byPoint: mergeTallies(left.byPoint, right.byPoint),
    ownEnds: [...left.ownEnds, ...right.ownEnds],
    presses: left.presses + right.presses,
    deploys: [...left.deploys, ...right.deploys],
    forked: left.forked + right.forked,
    tookMs: Math.max(left.tookMs, right.tookMs),
  };
}
