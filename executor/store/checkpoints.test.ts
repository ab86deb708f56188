import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { DatabaseSync } from "node:sqlite";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { describe, test } from "vitest";
import { Checkpoints } from "./checkpoints.ts";
import { quietLog, withDirectory } from "./store-fixture.ts";

const PAGES = 600;
const QUICK_MS = 20;
const WAIT_MS = 50_000;

/** Real time, only faster than the pause between two checkpoints. */
const quickClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (_ms, signal) =>
    pause(QUICK_MS, undefined, signal === undefined ? {} : { signal }).catch(() => undefined),
  defer: (task) => void setImmediate(task),
};

function openWithLog(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec("pragma journal_mode = wal; pragma synchronous = full");
  database.exec("pragma wal_autocheckpoint = 0; create table t (v text)");
  return database;
}

function fill(database: DatabaseSync, count: number): void {
  const insert = database.prepare("insert into t values (?)");
  database.exec("begin");
  for (let n = 0; n < count; n++) insert.run("x".repeat(4_000));
  database.exec("commit");
}

async function until(isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + WAIT_MS;
  while (!isSo() && performance.now() < deadline) await pause(QUICK_MS);
}

/** SQLite counts in the log's head how often it was begun anew. */
function timesBegun(log: string): number {
  return readFileSync(log).readUInt32BE(12);
}

describe("the thread that moves the journal's log", () => {
  test("moves what was committed into the file, without any commit doing so", async ({
    expect,
  }) => {
    await withDirectory(async (directory) => {
      const path = join(directory, "journal.db");
      const database = openWithLog(path);
      const fatal: unknown[] = [];
      const onFatal = (error: unknown): void => void fatal.push(error);
      const checkpoints = new Checkpoints({ path, clock: quickClock, log: quietLog, onFatal });
      fill(database, PAGES);
      await until(() => statSync(path).size > PAGES * 4_000);
      expect(statSync(path).size).toBeGreaterThan(PAGES * 4_000);
      await checkpoints.stop();
      fill(database, PAGES);
      const size = statSync(path).size;
      await pause(QUICK_MS * 5);
      expect(statSync(path).size).toBe(size);
      expect(database.prepare("select count(*) as n from t").get()).toEqual({ n: 2 * PAGES });
      database.close();
      expect(fatal).toEqual([]);
    });
  });

  test("lets the log begin anew, so that it does not grow for ever", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const path = join(directory, "journal.db");
      const database = openWithLog(path);
      const options = { path, clock: quickClock, log: quietLog, onFatal: () => {} };
      const checkpoints = new Checkpoints(options);
      fill(database, PAGES);
      const before = timesBegun(`${path}-wal`);
      await until(() => {
        fill(database, 1);
        return timesBegun(`${path}-wal`) > before;
      });
      expect(timesBegun(`${path}-wal`)).toBeGreaterThan(before);
      await checkpoints.stop();
      database.close();
    });
  });

  test("ends the process when the file is not what it was", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const path = join(directory, "journal.db");
      writeFileSync(path, "no journal any more".padEnd(8_192, "x"));
      const told = Promise.withResolvers<unknown>();
      const checkpoints = new Checkpoints({
        path,
        clock: quickClock,
        log: quietLog,
        onFatal: told.resolve,
      });
      expect(String(await told.promise)).toContain("file is not a database");
      await checkpoints.stop();
    });
  });

  test("says it when the thread cannot live, and stops all the same", async ({ expect }) => {
    const told = Promise.withResolvers<string>();
    const log = { ...quietLog, error: (_fields: object, text: string) => told.resolve(text) };
    const path = "/nowhere/journal.db";
    const checkpoints = new Checkpoints({ path, clock: quickClock, log, onFatal: () => {} });
    expect(await told.promise).toContain("commits do it now");
    await checkpoints.stop();
  });
});
