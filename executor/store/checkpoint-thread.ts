import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { sqliteErrorKind } from "./sqlite-error.ts";
import type { CheckpointAnswer } from "./checkpoints.ts";

/** Entry of a thread of its own: moves the log's pages into the journal file whenever it is asked. */
const { path } = workerData as { path: string };
const database = new DatabaseSync(path);

function checkpoint(): CheckpointAnswer {
  try {
    // Passive: it waits for nobody, and writers and readers go on meanwhile.
    database.prepare("pragma wal_checkpoint(passive)").get();
    return { ok: true };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, isFatal: sqliteErrorKind(error) === "fatal", message };
  }
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort?.on("message", () => parentPort?.postMessage(checkpoint()));
