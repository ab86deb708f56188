import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { Worker } from "node:worker_threads";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import type { Log } from "@raptor/shared/seams/log.ts";

export type CheckpointAnswer = { ok: true } | { ok: false; isFatal: boolean; message: string };

export interface CheckpointOptions {
  path: string;
  clock: Clock;
  log: Log;
  /** The disk refused a write or a sync of the journal file: the process must end. */
  onFatal(error: unknown): void;
}

/**
 * Up to this many pages of the log, 64 MiB, no commit stops to move them. It is met only when the
 * thread has died or the disk is slower than what is written, and then SQLite does it by itself.
 */
export const WAL_PAGES_MAX = 16_384;
/** About four megabytes of log when fifty exits fire in a second. */
const PAUSE_MS = 500;
const THREAD = new URL("./checkpoint-thread.ts", import.meta.url);
/** It holds a connection and a few strings. */
const THREAD_LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 };

/**
 * Moves what was committed from the log into the journal file, in a thread of its own: in the
 * commit that happens to fill the log this would take ten milliseconds and more, and that commit
 * may be an exit's.
 */
export class Checkpoints {
  readonly #options: CheckpointOptions;
  readonly #worker: Worker;
  readonly #abort = new AbortController();
  readonly #running: Promise<void>;
  /** The trouble that was told of and still lasts. */
  #told = "";
  #answered: (answer: CheckpointAnswer) => void = () => {};

  constructor(options: CheckpointOptions) {
    this.#options = options;
    const workerData = { path: options.path };
    const own = { env: environment(), resourceLimits: THREAD_LIMITS };
    this.#worker = new Worker(THREAD, { workerData, ...own });
    this.#worker.unref();
    this.#worker.on("message", (answer: CheckpointAnswer) => this.#answered(answer));
    this.#worker.on("error", (error) => this.#onEnd(error.message));
    this.#worker.on("exit", (code) => this.#onEnd(`it ended with code ${code}`));
    this.#running = this.#run();
  }

  /** Before the journal is closed: the last connection to close it moves the rest. */
  async stop(): Promise<void> {
    this.#abort.abort();
    // A refused sync of the checkpoint under way must still be told.
    await this.#running;
    await this.#worker.terminate();
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#abort;
    for (;;) {
      await clock.sleep(PAUSE_MS, signal);
      if (signal.aborted) return;
      const answer = await this.#ask();
      if (answer.ok) this.#told = "";
      else this.#tell(answer);
    }
  }

  #ask(): Promise<CheckpointAnswer> {
    return new Promise((resolve) => {
      this.#answered = resolve;
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
      this.#worker.postMessage("checkpoint");
    });
  }

  /** A lock that is away or a full disk pass; a refused sync is forgotten by the next one. */
  #tell({ isFatal, message }: Extract<CheckpointAnswer, { ok: false }>): void {
    if (isFatal) this.#options.onFatal(new Error(`the journal's checkpoint failed: ${message}`));
    else if (message !== this.#told) {
      this.#options.log.warn({ cause: message }, "the journal's log was not moved, again later");
    }
    this.#told = message;
  }

  /** Its work falls back to the commits, which is slower and as safe. */
  #onEnd(cause: string): void {
    this.#answered({ ok: true });
    if (this.#abort.signal.aborted) return;
    this.#abort.abort();
    const { log } = this.#options;
    log.error({ cause }, "the thread that moves the journal's log is gone; commits do it now");
  }
}

/**
 * Nothing of ours: it holds secrets, and a checkpoint needs none. Only where compiled modules lie,
 * since a thread that has to strip types itself takes 17 MB to do it.
 */
function environment(): Record<string, string> {
  const compiled = getCompileCacheDir();
  return compiled === undefined ? {} : { NODE_COMPILE_CACHE: dirname(compiled) };
}
