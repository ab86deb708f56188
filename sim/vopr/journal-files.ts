import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "@raptor/executor/store/sqlite-store.ts";
import { VirtualClock } from "../models/virtual-clock.ts";

const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** An empty journal is made once and then copied: making its tables takes longer than a copy. */
export function freshJournal(directory: string): string {
  const path = join(directory, "journal.db");
  const template = join(directory, "template.db");
  mkdirSync(directory, { recursive: true });
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${path}${suffix}`, { force: true });
  if (!existsSync(template)) createTemplate(template);
  copyFileSync(template, path);
  return path;
}

/** A closed journal is one whole file: closing it takes in what its log still held. */
function createTemplate(path: string): void {
  const clock = new VirtualClock(0);
  const ids = { token: () => "" };
  const onFatal = (error: unknown): void => {
    throw error;
  };
  openStore({ path, clock, ids, log: silent, release: "sim", onFatal }).close();
}
