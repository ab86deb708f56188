import { type ChildProcess, fork } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { SeedResult } from "../vopr/run-seed.ts";
import type { SeedOrder } from "../vopr/seed-worker.ts";

const ENTRY = fileURLToPath(new URL("../vopr.ts", import.meta.url));
const PLANT = new URL("./plant.ts", import.meta.url).href;
const SERVE_FLAG = "--serve-seeds";
/** Each mutant is a process of its own; what all of them load alike is compiled once. */
const COMPILE_CACHE = join(tmpdir(), "raptor-sim-compiled");
/** A mutant may turn in circles; a seed takes a second or two. */
const SEED_MS_MAX = 240_000;

export interface Finding {
  checker: string;
  detail: string;
}

/**
 * A mutant that does not even run would be found for a reason that proves nothing; so would any on
 * a machine that is too busy to bring a seed to its end.
 */
const BROKEN = /^(ReferenceError|TypeError|SyntaxError|RangeError)\b/;

export function isBroken({ checker, detail }: Finding): boolean {
  return checker === "process" || checker === "endless" || BROKEN.test(detail);
}

/** One process that runs seeds with one mutant planted, or with none. */
export class SeedServer {
  readonly #child: ChildProcess;
  #said = "";

  constructor(mutantName: string | undefined) {
    const options = mutantName === undefined ? [] : ["--planted", mutantName];
    this.#child = fork(ENTRY, [SERVE_FLAG, ...options], {
      execArgv: mutantName === undefined ? [] : ["--import", PLANT],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      env: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE },
    });
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString("utf8")).slice(-2_000);
    });
  }

  /** The first thing that this seed finds; nothing when all is well. */
  run(seed: number): Promise<Finding | undefined> {
    const child = this.#child;
    return new Promise((resolve) => {
      const end = (finding: Finding | undefined): void => {
        clearTimeout(timer);
        child.removeAllListeners("message");
        child.removeAllListeners("exit");
        resolve(finding);
      };
      const timer = setTimeout(() => {
        child.kill("SIGKILL");
        end({ checker: "endless", detail: `no end after ${SEED_MS_MAX / 1_000} s` });
      }, SEED_MS_MAX);
      child.once("message", ({ violations }: SeedResult) => end(violations[0]));
      child.once("exit", (code) => {
        const last = this.#said.trim().split("\n").slice(-3).join(" ");
        end({ checker: "process", detail: `ended with ${code}: ${last}` });
      });
      const order: SeedOrder = { seed, isDeterminismChecked: false };
      if (this.isUp) child.send(order);
      else end({ checker: "process", detail: "it could not start" });
    });
  }

  get isUp(): boolean {
    return this.#child.connected && this.#child.exitCode === null;
  }

  end(): void {
    if (this.#child.connected) this.#child.disconnect();
    this.#child.kill("SIGKILL");
  }
}
