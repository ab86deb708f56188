import { leastMet } from "./crash-schedule.ts";
import type { StormReport } from "./run-storm.ts";

/** So many different points must have been met, whatever else. */
const POINTS_MAX = 50;
const KILLS_PER_POINT = 5;
/** In a long storm each named point must have been met once in so many kills: 20 times in 2,000. */
const KILLS_PER_MEETING = 100;
const LONG_STORM_KILLS = 1_000;

type Judged = Pick<
  StormReport,
  | "kills"
  | "unresolvedKills"
  | "fills"
  | "byPoint"
  | "ownEnds"
  | "lost"
  | "double"
  | "missingReceipts"
  | "journal"
>;

/**
 * Everything against a storm, in words; empty is what is wanted. A storm that killed a desk before
 * it traded proves nothing, which happens on a machine that has no time for it: that is no success.
 */
export function judgeStorm(storm: Judged): string[] {
  const { kills, unresolvedKills, fills, byPoint, journal } = storm;
  const problems = [...storm.lost, ...storm.double, ...storm.missingReceipts, ...storm.ownEnds];
  if (journal !== "holds") problems.push(`the journal: ${journal}`);
  if (fills === 0) problems.push("proves nothing: nothing was bought or sold");
  if (unresolvedKills < kills / 2) {
    problems.push(`proves little: ${unresolvedKills} of ${kills} kills met an undecided attempt`);
  }
  const met = [...byPoint.values()].filter((count) => count.kills > 0).length;
  if (met <= Math.min(kills / KILLS_PER_POINT, POINTS_MAX)) {
    problems.push(`proves little: ${met} different points were met`);
  }
  const least = leastMet(byPoint);
  if (kills >= LONG_STORM_KILLS && least.kills < Math.floor(kills / KILLS_PER_MEETING)) {
    problems.push(`proves little: "${least.name}" was met ${least.kills} times`);
  }
  return problems;
}
