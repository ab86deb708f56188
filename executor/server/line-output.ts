import { write, writeSync } from "node:fs";
import type { Clock } from "@raptor/shared/seams/clock.ts";

/** What may wait for a reader that is slow: some thousand lines. Later ones are counted instead. */
const WAITING_BYTES_MAX = 1024 * 1024;
/** A pipe that takes nothing now is asked again after this long. */
const RETRY_MS = 50;
/** A write that lasts longer than this waits for a reader, not for the machine. */
const STUCK_AFTER_MS = 100;

/**
 * Lines for a descriptor whose reader may be slow or gone: a log collector, a full disk. Writing
 * never keeps the caller waiting: a blocked write occupies a thread of the pool, lines pile up to a
 * limit, and what was dropped is counted in the output itself.
 */
export class LineOutput {
  readonly #fd: number;
  readonly #clock: Pick<Clock, "defer" | "monotonicMs" | "sleep">;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #droppedCount = 0;
  #isScheduled = false;
  #writingSinceMs: number | undefined = undefined;

  constructor(fd: number, clock: Pick<Clock, "defer" | "monotonicMs" | "sleep">) {
    this.#fd = fd;
    this.#clock = clock;
  }

  /** Takes whole lines, each with its line break. */
  write(line: string): void {
    const byteCount = Buffer.byteLength(line);
    if (this.#waitingBytes + byteCount > WAITING_BYTES_MAX) {
      this.#droppedCount++;
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += byteCount;
    this.#schedule();
  }

  /** True while a write waits for a reader: ending the process normally would wait with it. */
  isStuck(): boolean {
    const sinceMs = this.#writingSinceMs;
    return sinceMs !== undefined && this.#clock.monotonicMs() - sinceMs > STUCK_AFTER_MS;
  }

  /** For the last words of a process; leaves them out when nobody reads. */
  flush(): void {
    if (this.isStuck()) return;
    try {
      writeSync(this.#fd, this.#take());
    } catch {
      // There is no other place that could be told of a log that cannot be written.
    }
  }

  /** At the end of the turn, so that the lines of one turn are one write. */
  #schedule(): void {
    if (this.#isScheduled || this.#writingSinceMs !== undefined) return;
    this.#isScheduled = true;
    this.#clock.defer(() => {
      this.#isScheduled = false;
      if (this.#waiting.length > 0) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0 || this.#droppedCount > 0) {
      let rest = this.#take();
      while (rest.length > 0) {
        this.#writingSinceMs ??= this.#clock.monotonicMs();
        const written = await this.#write(rest);
        if (written === "later") await this.#clock.sleep(RETRY_MS);
        else {
          rest = rest.subarray(written);
          this.#writingSinceMs = undefined;
        }
      }
    }
  }

  #take(): Buffer {
    if (this.#droppedCount > 0) {
      const fields = { level: "warn", dropped: this.#droppedCount };
      this.#waiting.push(`${JSON.stringify({ ...fields, msg: "log lines were dropped" })}\n`);
      this.#droppedCount = 0;
    }
    const text = Buffer.from(this.#waiting.join(""));
    this.#waiting = [];
    this.#waitingBytes = 0;
    return text;
  }

  #write(bytes: Buffer): Promise<number | "later"> {
    return new Promise((resolve) => {
      write(this.#fd, bytes, 0, bytes.length, null, (error, written) => {
        if (error === null) return resolve(written);
        // A closed pipe or a full disk loses its lines, and trading goes on without a log.
        resolve(error.code === "EAGAIN" ? "later" : bytes.length);
      });
    });
  }
}

/** Writes what is left when the process ends, and lets no missing reader keep it from ending. */
export function flushAtExit(output: LineOutput): void {
  process.on("exit", () => {
    output.flush();
    // Node would wait for the thread that waits for the reader; whoever watches starts us again.
    if (output.isStuck()) process.kill(process.pid, "SIGKILL");
  });
}
