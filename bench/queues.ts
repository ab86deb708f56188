import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PgBoss } from "pg-boss";
import { openStore } from "../executor/store/sqlite-store.ts";
import type { Store } from "../executor/ports/store.ts";
import { createNodeClock } from "../executor/server/node-seams.ts";
import { startPostgres } from "../sim/servers/postgres.ts";
import { figureOf, type Figure } from "./figures.ts";
import { acceptJob, benchStoreOptions } from "./journal.ts";

const ROUNDS = 300;
const WARM_UP = 30;
const QUEUE = "orders";

/**
 * What it costs to carry one job durably through its life: here four commits of the journal, in
 * the libraries what they offer for it. All on this machine, one after another, every one of them
 * waiting for the disk, so that nothing acknowledged is lost with the process or the machine.
 */
export async function runQueueBench(): Promise<Figure[]> {
  return [...(await measureJournal()), ...(await measurePgBoss())];
}

async function timed(name: string, round: (n: number) => Promise<void>): Promise<Figure> {
  const times: number[] = [];
  for (let n = 0; n < ROUNDS + WARM_UP; n += 1) {
    const startMs = performance.now();
    await round(n);
    if (n >= WARM_UP) times.push(performance.now() - startMs);
  }
  return figureOf(name, times);
}

async function measureJournal(): Promise<Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), "raptor-bench-"));
  const store: Store = openStore(benchStoreOptions(join(directory, "journal.db")));
  try {
    const four = async (n: number): Promise<void> => {
      for (let step = 0; step < 4; step += 1) await acceptJob(store, `tg:${step}:${n}`);
    };
    return [await timed("journal: four transitions, four commits (FULL)", four)];
  } finally {
    store.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measurePgBoss(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "raptor-bench-pg-"));
  const server = await startPostgres(createNodeClock(), folder, true);
  const boss = new PgBoss({ connectionString: server.url(), supervise: false, schedule: false });
  boss.on("error", (error) => {
    throw error;
  });
  try {
    await boss.start();
    await boss.createQueue(QUEUE);
    const life = async (n: number): Promise<void> => {
      await boss.send(QUEUE, { n });
      const [job] = await boss.fetch(QUEUE);
      if (job === undefined) throw new Error("pg-boss lost a job");
      await boss.complete(QUEUE, job.id);
    };
    return [await timed("pg-boss: send, fetch, complete (fsync on)", life)];
  } finally {
    await boss.stop({ graceful: false });
    await server.close();
  }
}
