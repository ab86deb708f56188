import { generateKeyPairSync } from "node:crypto";
import { runDirectBuys, runDirectBuysInside } from "./direct-buys.ts";
import { runExitFloor } from "./exit-floor.ts";
import { runExitInside } from "./exit-inside.ts";
import { runExitLoad } from "./exit-load.ts";
import { EXIT_PAUSE_MS, runExitIdle } from "./exit-path.ts";
import type { LoadOptions } from "./load-run.ts";
import { RIVALS } from "./rivals.ts";
import { runSignBench } from "./trade-path.ts";
import { type Section, verdictTable } from "./verdict-table.ts";

export interface ReportOptions {
  /** Samples of each row that is not under load. */
  samples: number;
  load: LoadOptions & { seconds: number };
}

const SIGNATURES = 2_000;
const QUOTED =
  "Other programs, quoted: measured elsewhere in November 2026 by this method, not in this run";

/** Everything that is asked of exits and buys, the floor of this machine and the others' figures. */
export async function exitReport({ samples, load }: ReportOptions): Promise<string> {
  const { privateKey } = generateKeyPairSync("ed25519");
  const floor = [
    runSignBench(SIGNATURES, privateKey),
    ...(await runExitFloor(samples, EXIT_PAUSE_MS)),
  ];
  const idle = [...(await runExitIdle(samples, "plain")), ...(await runExitIdle(samples, "jito"))];
  const inside = await runExitInside(samples);
  const buys = [
    ...(await runDirectBuys(samples)),
    ...(await runDirectBuysInside(Math.ceil(samples / 2))),
  ];
  const loaded = [...(await runExitLoad(load, "plain")), ...(await runExitLoad(load, "jito"))];
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
