import { setTimeout as pause } from "node:timers/promises";
import type { ExitBench } from "./exit-bench.ts";
import type { ArmedPosition } from "./exit-journal.ts";
import { type ExitSamples, faultOf, quoteAt, STEP_BPS, tellFault } from "./exit-path.ts";
import { mintOf, type SeenSell } from "./exit-world.ts";

export interface LoadOptions {
  positions: number;
  mints: number;
  updatesPerSecond: number;
  /** One update in so many crosses a trigger. */
  crossEvery: number;
}

/** What happened since the last look. */
export interface LoadCounts extends ExitSamples {
  updates: number;
  crossings: number;
}

interface Expected {
  position: ArmedPosition;
  virtualQuote: bigint;
  startNs: bigint;
}

const TICK_MS = 2;
/** Shares no factor with the number of mints: each crosses in its turn. */
const MINT_STEP = 101;
/** An exit that takes longer counts as missing, and as nothing else when it comes after all. */
const MISSING_AFTER_NS = 3_000_000_000n;
const LATE_MS = 3_000;

/** Tells prices of many tokens at a steady rate, and holds the sells that come against them. */
export class LoadRun {
  readonly #bench: ExitBench;
  readonly #options: LoadOptions;
  readonly #expected = new Map<string, Expected>();
  readonly #late = new Set<string>();
  readonly #levels: number[];
  readonly #jitter: number[];
  #counts = noCounts();
  #nextMint = 0;
  #nextToCross = 0;
  #updates = 0;

  constructor(bench: ExitBench, options: LoadOptions) {
    this.#bench = bench;
    this.#options = options;
    this.#levels = Array.from({ length: options.mints }, () => 0);
    this.#jitter = Array.from({ length: options.mints }, () => 0);
    bench.onSell = (sell, atNs) => this.#onSell(sell, atNs);
  }

  /** Positions whose trigger was not crossed yet. */
  get armed(): number {
    return this.#options.positions - this.#levels.reduce((sum, level) => sum + level, 0);
  }

  async drive(seconds: number): Promise<void> {
    const startedMs = performance.now();
    const before = this.#updates;
    for (;;) {
      const elapsedMs = performance.now() - startedMs;
      if (elapsedMs > seconds * 1_000) return;
      const due = before + Math.floor((elapsedMs / 1_000) * this.#options.updatesPerSecond);
      while (this.#updates < due) this.#tell();
      await pause(TICK_MS);
    }
  }

  /** Waits for what is under way: each exit comes in that time or is missing. */
  async settle(): Promise<void> {
    await pause(LATE_MS);
  }

  /** The counts since the last call of it. */
  take(): LoadCounts {
    const now = process.hrtime.bigint();
    for (const [key, { startNs }] of this.#expected) {
      if (now - startNs < MISSING_AFTER_NS) continue;
      this.#expected.delete(key);
      this.#late.add(key);
      this.#counts.missing += 1;
    }
    const counts = this.#counts;
    this.#counts = noCounts();
    return counts;
  }

  #tell(): void {
    this.#updates += 1;
    this.#counts.updates += 1;
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
      this.#counts.crossings += 1;
      const startNs = process.hrtime.bigint();
      const key = keyOf(position.address, position.mint);
      this.#expected.set(key, { position, virtualQuote, startNs });
    }
    for (const { socket, text } of frames) socket.send(text);
  }

  #onSell(sell: SeenSell, atNs: bigint): void {
    const key = keyOf(sell.wallet, sell.mint);
    const expected = this.#expected.get(key);
    // It was counted as missing.
    if (expected === undefined && this.#late.delete(key)) return;
    this.#expected.delete(key);
    const fault =
      expected === undefined
        ? "nobody asked for it"
        : faultOf(this.#bench, sell, expected.position, expected.virtualQuote);
    if (expected === undefined || fault !== undefined) {
      this.#counts.wrong += 1;
      return tellFault(fault ?? "");
    }
    this.#counts.timesMs.push(Number(atNs - expected.startNs) / 1e6);
  }
}

function noCounts(): LoadCounts {
  return { updates: 0, crossings: 0, timesMs: [], missing: 0, wrong: 0 };
}

function keyOf(wallet: string, mint: string): string {
  return `${wallet}/${mint}`;
}
