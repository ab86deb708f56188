import { expect, test } from "vitest";
import { runStorm } from "../storm/run-storm.ts";

/** `pnpm storm --kills 2000` is the long run. */
const KILLS = Number(process.env["STORM_KILLS"] ?? 200);
const SEED = Number(process.env["SEED"] ?? 42);
const CHATS = 2;

test(`after ${KILLS} kills nothing is lost, nothing happened twice and every order was told`, async () => {
  const storm = await runStorm({ kills: KILLS, seed: SEED, onKill: () => {} });
  const { jobs, orders, attempts, fills, unresolvedKills, repeatedNotices, restartsMs } = storm;
  const figures = { jobs, orders, attempts, fills, unresolvedKills, repeatedNotices, restartsMs };
  const deploys = storm.deploys.map((drill) => Object.values(drill).map(Math.round));
  process.stdout.write(
    `deploys [undecided, stop, ready, armed after, exits]: ${JSON.stringify(deploys)}\n`,
  );
  process.stdout.write(`storm, seed ${SEED}: ${JSON.stringify(figures)}\n`);
  expect(storm.kills).toBe(KILLS);
  expect(storm.lost).toEqual([]);
  expect(storm.double).toEqual([]);
  expect(storm.missingReceipts).toEqual([]);
  expect(storm.journal).toBe("holds");
  expect(unresolvedKills).toBeGreaterThanOrEqual(KILLS / 2);
  expect(repeatedNotices).toBeLessThanOrEqual(KILLS * CHATS);
  expect(storm.byPoint.size).toBeGreaterThan(Math.min(KILLS / 8, 25));
}, 900_000);
