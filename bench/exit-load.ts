import { setTimeout as pause } from "node:timers/promises";
import { ExitBench } from "./exit-bench.ts";
import type { ArmedPosition } from "./exit-journal.ts";
import { faultOf, positionsOf, quoteAt, settle, STEP_BPS } from "./exit-path.ts";
import { mintOf, type SeenSell } from "./exit-world.ts";
import { figureOf, type Figure } from "./figures.ts";

export interface LoadOptions {
  positions: number;
  mints: number;
  updatesPerSecond: number;
  /** One update in so many crosses a trigger. */
  crossEvery: number;
  seconds: number;
}

interface Expected {
  position: ArmedPosition;
  virtualQuote: bigint;
  startNs: bigint;
}

const TICK_MS = 2;
/** Shares no factor with the number of mints: each crosses in its turn. */
const MINT_STEP = 101;
/** Crossings of the first seconds: the code that they run has to be compiled first. */
const WARM_UP_SECONDS = 3;

/** All positions armed while prices move; a few of the moves cross one trigger each. */
export async function runExitLoad(options: LoadOptions): Promise<Figure[]> {
  const { positions, mints, seconds } = options;
  const bench = await ExitBench.start({
    wallets: 20,
    positionsOf: (wallets) => positionsOf(wallets, { positions, mints }),
  });
  try {
    await settle(bench, mints, positions);
    const run = new LoadRun(bench, options);
    await run.drive(seconds);
    run.report();
    return [
      figureOf(`with ${positions} armed, ${options.updatesPerSecond} updates/s`, run.timesMs),
    ];
  } finally {
    await bench.close();
  }
}

class LoadRun {
  readonly #bench: ExitBench;
  readonly #options: LoadOptions;
  readonly #expected = new Map<string, Expected>();
  readonly #levels: number[];
  readonly #jitter: number[];
  readonly timesMs: number[] = [];
  readonly #faults: string[] = [];
  #updates = 0;
  #crossings = 0;
  #nextMint = 0;
  #nextToCross = 0;
  #startedMs = 0;

  constructor(bench: ExitBench, options: LoadOptions) {
    this.#bench = bench;
    this.#options = options;
    this.#levels = Array.from({ length: options.mints }, () => 0);
    this.#jitter = Array.from({ length: options.mints }, () => 0);
    bench.onSell = (sell, atNs) => this.#onSell(sell, atNs);
  }

  async drive(seconds: number): Promise<void> {
    this.#startedMs = performance.now();
    const { updatesPerSecond } = this.#options;
    for (;;) {
      const elapsedMs = performance.now() - this.#startedMs;
      if (elapsedMs > seconds * 1_000) break;
      const due = Math.floor((elapsedMs / 1_000) * updatesPerSecond);
      while (this.#updates < due) this.#tell();
      await pause(TICK_MS);
    }
    await pause(3_000);
  }

  report(): void {
    const seconds = (performance.now() - this.#startedMs - 3_000) / 1_000;
    process.stdout.write(
      `${this.#updates} updates in ${seconds.toFixed(1)} s, ${this.#crossings} crossed a trigger, ` +
        `${this.timesMs.length} sells counted, ${this.#expected.size} missing, ` +
        `${this.#faults.length} wrong${this.#faults[0] === undefined ? "" : `: ${this.#faults[0]}`}\n`,
    );
  }

  #tell(): void {
    this.#updates += 1;
    const isCrossing = this.#updates % this.#options.crossEvery === 0;
    const turn = isCrossing ? (this.#nextToCross += MINT_STEP) : this.#nextMint++;
    const mint = turn % this.#options.mints;
    const level = this.#levels[mint] as number;
    const levelsMax = this.#options.positions / this.#options.mints;
    if (isCrossing && level < levelsMax) this.#levels[mint] = level + 1;
    this.#jitter[mint] = ((this.#jitter[mint] as number) + 7) % 100;
    const at = this.#levels[mint] as number;
    // Between this level and the next: it moves, and crosses nothing that was not crossed yet.
    const bps = at * STEP_BPS + 20 + this.#jitter[mint];
    const virtualQuote = quoteAt(bps);
    const slot = (this.#bench.nodes[0]?.slot ?? 0) + 1;
    const frames = this.#bench.world.move(mintOf(mint), virtualQuote, slot);
    if (isCrossing && at > level) {
      const position = this.#bench.positions[level * this.#options.mints + mint] as ArmedPosition;
      this.#crossings += 1;
      const startNs = process.hrtime.bigint();
      this.#expected.set(keyOf(position.address, position.mint), {
        position,
        virtualQuote,
        startNs,
      });
    }
    for (const { socket, text } of frames) socket.send(text);
  }

  #onSell(sell: SeenSell, atNs: bigint): void {
    const key = keyOf(sell.wallet, sell.mint);
    const expected = this.#expected.get(key);
    if (expected === undefined) return void this.#faults.push("nobody asked for it");
    this.#expected.delete(key);
    const fault = faultOf(this.#bench, sell, expected.position, expected.virtualQuote);
    if (fault !== undefined) return void this.#faults.push(fault);
    const isWarm = performance.now() - this.#startedMs > WARM_UP_SECONDS * 1_000;
    if (isWarm) this.timesMs.push(Number(atNs - expected.startNs) / 1e6);
  }
}

function keyOf(wallet: string, mint: string): string {
  return `${wallet}/${mint}`;
}
