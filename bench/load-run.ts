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
  /** The price that crossed, and what was told of the same token while the sell was under way. */
  virtualQuotes: bigint[];
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
  /** By mint: a desk that is late may owe several. */
  readonly #expected = new Map<string, Expected[]>();
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
    for (const [mint, owed] of this.#expected) {
      const isLate = ({ startNs }: Expected): boolean => now - startNs >= MISSING_AFTER_NS;
      for (const { position } of owed.filter(isLate)) {
        this.#late.add(keyOf(position.address, mint));
        this.#counts.missing += 1;
      }
      this.#expected.set(
        mint,
        owed.filter((one) => !isLate(one)),
      );
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
    const address = mintOf(mint);
    const frames = this.#bench.world.move(address, virtualQuote, slot);
    const owed = this.#expected.get(address) ?? [];
    for (const { virtualQuotes } of owed) virtualQuotes.push(virtualQuote);
    if (isCrossing && at > level) {
      const position = this.#bench.positions[level * this.#options.mints + mint] as ArmedPosition;
      this.#counts.crossings += 1;
      const startNs = process.hrtime.bigint();
      owed.push({ position, virtualQuotes: [virtualQuote], startNs });
      this.#expected.set(address, owed);
    }
    for (const { socket, text } of frames) socket.send(text);
  }

  #onSell(sell: SeenSell, atNs: bigint): void {
    const owed = this.#expected.get(sell.mint) ?? [];
    const at = owed.findIndex(({ position }) => position.address === sell.wallet);
    const [expected] = at === -1 ? [] : owed.splice(at, 1);
    if (expected === undefined) {
      // It was counted as missing.
      if (this.#late.delete(keyOf(sell.wallet, sell.mint))) return;
      return this.#countWrong("nobody asked for it");
    }
    const fault = faultOf(this.#bench, sell, expected.position, expected.virtualQuotes);
    if (fault !== undefined) return this.#countWrong(fault);
    this.#counts.timesMs.push(Number(atNs - expected.startNs) / 1e6);
  }

  #countWrong(fault: string): void {
    this.#counts.wrong += 1;
    tellFault(fault);
  }
}

function noCounts(): LoadCounts {
  return { updates: 0, crossings: 0, timesMs: [], missing: 0, wrong: 0 };
}

function keyOf(wallet: string, mint: string): string {
  return `${wallet}/${mint}`;
}
