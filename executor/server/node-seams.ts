import { randomBytes } from "node:crypto";
import type { IdSource, Prng } from "@raptor/shared/seams/chance.ts";
import type { Clock } from "@raptor/shared/seams/clock.ts";

/** The machine's clocks. Only `main.ts` may make one. */
export function createNodeClock(): Clock {
  return {
    // sim-ok: this is the production end of the seam.
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) return resolve();
        // sim-ok: this is the production end of the seam.
        const timer = setTimeout(done, ms);
        function done(): void {
          clearTimeout(timer);
          signal?.removeEventListener("abort", done);
          resolve();
        }
        signal?.addEventListener("abort", done);
      }),
    defer(task) {
      setImmediate(task);
    },
  };
}

/** Jitter from the operating system's generator, six bytes a draw: never for secrets. */
export function createNodePrng(): Prng {
  function nextFloat(): number {
    return randomBytes(6).readUIntBE(0, 6) / 2 ** 48;
  }
  return { nextFloat, nextInt: (bound) => Math.floor(nextFloat() * bound) };
}

export function createNodeIds(): IdSource {
  return { token: (byteCount) => randomBytes(byteCount).toString("base64url") };
}
