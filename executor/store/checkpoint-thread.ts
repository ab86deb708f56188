import { DatabaseSync } from "node:sqlite";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { sqliteErrorKind } from "./sqlite-error.ts";
import type { CheckpointAnswer } from "./checkpoints.ts";

/**
 * Entry of a thread of its own: moves the log's pages into the journal file whenever it is asked.
 * Loaded as a program it ends at once, so that it can be compiled ahead.
 */
if (parentPort !== null) serve(parentPort, (workerData as { path: string }).path);

function serve(port: MessagePort, path: string): void {
  const database = new DatabaseSync(path);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  port.on("message", () => port.postMessage(checkpoint(database)));
}

function checkpoint(database: DatabaseSync): CheckpointAnswer {
  try {
    // Passive: it waits for nobody, and writers and readers go on meanwhile.
    database.prepare("pragma wal_checkpoint(passive)").get();
    return { ok: true };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, isFatal: sqliteErrorKind(error) === "fatal", message };
  }
}
