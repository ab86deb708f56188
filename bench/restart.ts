import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startWorld } from "../sim/local/start-world.ts";
import { pause } from "../sim/scenarios/person.ts";

/**
 * How long a killed executor is away, and what its processes work for it: with and without what
 * Node keeps of their compiled modules. `node bench/restart.ts`
 */
const ROUNDS = 15;
const TICK_MS = 10;
const COLUMNS = ["ready ms", "launcher cpu", "main cpu", "signer cpu"];

interface Restart {
  readyMs: number;
  cpuMs: number[];
}

process.stdout.write(`p50 and least of ${ROUNDS}, cpu in ms until ready\n`);
for (const [name, cache] of [
  ["without compile cache", ""],
  ["with compile cache", join(tmpdir(), "raptor-bench-compiled")],
] as const) {
  const restarts = await measure(cache);
  const columns = COLUMNS.map((_, at) =>
    restarts.map(({ readyMs, cpuMs }) => (at === 0 ? readyMs : (cpuMs[at - 1] ?? 0))),
  );
  const cells = columns.map((values, at) => {
    const sorted = values.toSorted((a, b) => a - b);
    const p50 = sorted[sorted.length >> 1] ?? Number.NaN;
    return `${COLUMNS[at]} ${p50.toFixed(0)} (${(sorted[0] ?? Number.NaN).toFixed(0)})`;
  });
  process.stdout.write(`${name.padEnd(22)} ${cells.join("   ")}\n`);
}
process.exit(0);

async function measure(compileCache: string): Promise<Restart[]> {
  const stateDir = mkdtempSync(join(tmpdir(), "raptor-restart-"));
  const world = await startWorld({
    seed: 42,
    stateDir,
    movingPrices: false,
    onProgress: () => {},
    executorEnv: { NODE_COMPILE_CACHE: compileCache },
  });
  const restarts: Restart[] = [];
  try {
    const { executor } = world;
    // An orderly end is what makes Node keep what it compiled.
    await executor.stop("SIGTERM");
    for (let round = 0; round < ROUNDS; round++) {
      await executor.start();
      await executor.killAll();
      await pause(200);
      const startedMs = performance.now();
      await executor.start();
      const readyMs = performance.now() - startedMs;
      const { launcher, main, signer } = executor.pids;
      restarts.push({ readyMs, cpuMs: [launcher, main, signer].map(cpuMsOf) });
      await executor.killAll();
    }
  } finally {
    await world.close();
    rmSync(stateDir, { recursive: true, force: true });
  }
  return restarts;
}

/** User and system time as the kernel counts it. */
function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
