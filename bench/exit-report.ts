import { generateKeyPairSync } from "node:crypto";
import { runDirectBuys, runDirectBuysInside } from "./direct-buys.ts";
import { runExitFloor } from "./exit-floor.ts";
import { runExitInside } from "./exit-inside.ts";
import { runExitLoad } from "./exit-load.ts";
import { EXIT_PAUSE_MS, runExitIdle } from "./exit-path.ts";
import type { LoadOptions } from "./load-run.ts";
import { RIVALS } from "./rivals.ts";
import { runSignBench } from "./trade-path.ts";
import { type Row, type Section, verdictTable } from "./verdict-table.ts";

export interface ReportOptions {
  /** Samples of each row that is not under load. */
  samples: number;
  load: LoadOptions & { seconds: number };
}

const SIGNATURES = 2_000;
const QUOTED =
  "Other programs, quoted: measured elsewhere in November 2026 by this method, not in this run";

/** All that is asked of exits and buys, the floor of this machine and the others' figures. */
export async function exitReport({ samples, load }: ReportOptions): Promise<string> {
  const { privateKey } = generateKeyPairSync("ed25519");
  const floor = [
    runSignBench(SIGNATURES, privateKey),
    ...(await measured("the floor", () => runExitFloor(samples, EXIT_PAUSE_MS))),
  ];
  const idle = [
    ...(await measured("single exits, plain RPC", () => runExitIdle(samples, "plain"))),
    ...(await measured("single exits, Jito", () => runExitIdle(samples, "jito"))),
  ];
  const inside = await measured("single exits, from inside", () => runExitInside(samples));
  const buys = [
    ...(await measured("buys", () => runDirectBuys(samples))),
    ...(await measured("buys, from inside", () => runDirectBuysInside(Math.ceil(samples / 2)))),
  ];
  const loaded = [
    ...(await measured("exits under load, plain RPC", () => runExitLoad(load, "plain"))),
    ...(await measured("exits under load, Jito", () => runExitLoad(load, "jito"))),
  ];
  const { positions, mints, updatesPerSecond, crossEvery } = load;
  const title =
    `Exits with ${positions} positions armed over ${mints} pools, ` +
    `${updatesPerSecond} updates/s, one in ${crossEvery} crosses a trigger`;
  const sections: Section[] = [
    { title: "The floor of this machine, in this run: no decision, no check", rows: floor },
    { title: "Exits one at a time, a position and a mint of its own each", rows: idle },
    { title: "The same from inside the main process", rows: inside },
    { title, rows: loaded },
    { title: "Buys", rows: buys },
    { title: QUOTED, rows: RIVALS },
  ];
  return verdictTable(sections);
}

/** One part that cannot be measured must not cost the minutes that the others took. */
async function measured(name: string, run: () => Promise<readonly Row[]>): Promise<Row[]> {
  process.stdout.write(`measuring ${name}\n`);
  try {
    return [...(await run())];
  } catch (error) {
    process.exitCode = 1;
    process.stdout.write(`${name} could not be measured: ${(error as Error).stack}\n`);
    return [{ name: `${name}: not measured`, n: 0, p50Us: Number.NaN, p99Us: Number.NaN }];
  }
}
