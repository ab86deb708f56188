import { expect, test } from "vitest";
import { judgeStorm } from "../storm/judge-storm.ts";
import { runWorlds } from "../storm/run-worlds.ts";

/** So many fit into the time of `npm test`; `pnpm storm --kills 2000` is the long run. */
const KILLS = Number(process.env["STORM_KILLS"] ?? 100);
/** As many as there are cores on a small machine: one waits for slots while the other works. */
const WORLDS = 2;
const SEED = Number(process.env["SEED"] ?? 42);
const CHATS = 2;

test(`after ${KILLS} kills nothing is lost, nothing happened twice and every order was told`, async () => {
  const storm = await runWorlds({ kills: KILLS, seed: SEED, worlds: WORLDS, onKill: () => {} });
  const { jobs, orders, attempts, fills, unresolvedKills, repeatedNotices, tookMs } = storm;
  const figures = { jobs, orders, attempts, fills, unresolvedKills, repeatedNotices, tookMs };
  const deploys = storm.deploys.map((drill) => Object.values(drill).map(Math.round));
  process.stdout.write(
    `deploys [undecided, stop, ready, armed after, exits]: ${JSON.stringify(deploys)}\n`,
  );
  process.stdout.write(`storm, seed ${SEED}: ${JSON.stringify(figures)}\n`);
  expect(storm.kills).toBe(KILLS);
  expect(judgeStorm(storm)).toEqual([]);
  // A death leaves at most one in each chat; a stand-in that has no time to answer leaves others.
  expect(repeatedNotices).toBeLessThanOrEqual(2 * KILLS * CHATS);
}, 1_800_000);
