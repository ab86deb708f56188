import type { Mutant } from "./mutant.ts";
import { type Finding, SeedServer } from "./seed-server.ts";

export interface Catch extends Finding {
  mutant: Mutant;
  /** Undefined when the mutant survived. */
  seed: number | undefined;
  /** Seeds that were run with it. */
  tried: number;
  ms: number;
}

/** Says whether a seed is clean without any mutant; asked once per seed. */
export class Baseline {
  readonly #known = new Map<number, Promise<boolean>>();
  #server: SeedServer | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** A seed that fails anyway proves nothing about a mutant. */
  isClean(seed: number): Promise<boolean> {
    const known = this.#known.get(seed);
    if (known !== undefined) return known;
    const answer = this.#last.then(async () => {
      this.#server ??= new SeedServer(undefined);
      return (await this.#server.run(seed)) === undefined;
    });
    this.#last = answer;
    this.#known.set(seed, answer);
    return answer;
  }

  end(): void {
    this.#server?.end();
  }
}

/** Runs a mutant on `seeds`, in order, until a checker sees it. */
export async function hunt(
  mutant: Mutant,
  seeds: Iterable<number>,
  baseline: Baseline,
): Promise<Catch> {
  const startMs = performance.now();
  let server = new SeedServer(mutant.name);
  let tried = 0;
  try {
    for (const seed of seeds) {
      tried += 1;
      const finding = await server.run(seed);
      if (finding === undefined) continue;
      const ms = performance.now() - startMs;
      if (await baseline.isClean(seed)) return { ...finding, mutant, seed, tried, ms };
      if (!server.isUp) server = new SeedServer(mutant.name);
    }
  } finally {
    server.end();
  }
  const ms = performance.now() - startMs;
  return { mutant, seed: undefined, tried, ms, checker: "-", detail: "" };
}
