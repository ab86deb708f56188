import type { Log } from "@raptor/shared/seams/log.ts";
import type { PoolKind } from "../../pools/direct-pool.ts";
import type { Metrics } from "../../ports/metrics.ts";
import type { ReadyHolding } from "../../ports/venue.ts";
import { type CanaryCandidate, type CanaryTestDeps, testPool } from "./canary-test.ts";
import { roundTripLamports } from "./round-trip.ts";
import type { WarmValue } from "./warm-accounts.ts";

export interface PoolCanaryDeps extends CanaryTestDeps {
  log: Log;
  metrics?: Metrics | undefined;
  /** What is kept ready: tokens whose pools are followed, with wallets of ours. */
  holdings(): Iterable<ReadyHolding>;
  lamportsOf(wallet: string): WarmValue<bigint> | undefined;
  alert?: ((lines: readonly string[]) => void) | undefined;
}

export const PROGRAM_NAMES: Readonly<Record<PoolKind, string>> = {
  pump: "pump.fun",
  pumpswap: "PumpSwap",
  "raydium-cpmm": "Raydium CPMM",
  "raydium-v4": "Raydium AMM v4",
};
const KINDS: readonly PoolKind[] = ["pump", "pumpswap", "raydium-cpmm", "raydium-v4"];

/** The start has better things to do in its first seconds. */
const FIRST_MS = 10_000;
const PASSED_MS = 3_600_000;
/** After a test that said nothing, and while a program refuses: it may be mended any moment. */
const AGAIN_MS = 60_000;
/** Long enough for the pool to have moved, and for another node to be the newest. */
const CONFIRM_MS = 5_000;
/** So close together failed trades of one kind ask for another test. */
const SUSPECTED_MS = 10_000;
/** How often is looked whether a test is due, and at how many holdings for its pool. */
const LOOK_MS = 5_000;
const LOOKED_AT_ONCE = 200;
/** One may be a token's own doing, or a pool that changed in between. */
const REFUSALS_MAX = 2;

interface Standing {
  dueMs: number;
  triedMs: number;
  isProven: boolean;
  /** In a row; what says nothing does not count. */
  refusals: number;
  refusedMint: string | undefined;
  /** Why entries are off; undefined while they are not. */
  broken: string | undefined;
}

/** What every line of the log says of a test. */
type TestFields = Readonly<{ kind: PoolKind; mint: string; pool: string; slot: number }>;

/**
 * Tries a buy and its sale on a node, unsent, once for each program that is traded with: soon after
 * the start, hourly, and after a trade failed in its simulation. A program that refuses twice in a
 * row is not traded with directly until it passes again.
 */
export class PoolCanary {
  readonly #deps: PoolCanaryDeps;
  readonly #standings: ReadonlyMap<PoolKind, Standing>;
  #round: Iterator<ReadyHolding> | undefined;
  #stop: AbortController | undefined;
  #nap = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(deps: PoolCanaryDeps) {
    this.#deps = deps;
    const dueMs = deps.clock.monotonicMs() + FIRST_MS;
    const fresh = { dueMs, triedMs: 0, isProven: false, refusals: 0 };
    this.#standings = new Map(
      KINDS.map((kind) => [kind, { ...fresh, refusedMint: undefined, broken: undefined }]),
    );
  }

  start(): void {
    if (this.#stop !== undefined) return;
    this.#stop = new AbortController();
    this.#running = this.#run(this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop?.abort();
    this.#stop = undefined;
    this.#nap.abort();
    await this.#running;
  }

  /** Why nothing goes to this program now; undefined while it is trusted. */
  brokenReason(kind: PoolKind): string | undefined {
    return this.#standings.get(kind)?.broken;
  }

  /** A trade failed in its simulation: whether that is the program's doing is tested at once. */
  suspect(kind: PoolKind): void {
    const standing = this.#standings.get(kind);
    if (standing === undefined) return;
    const soonest = Math.max(this.#deps.clock.monotonicMs(), standing.triedMs + SUSPECTED_MS);
    if (soonest >= standing.dueMs) return;
    standing.dueMs = soonest;
    this.#nap.abort();
  }

  health(): { name: string; ok: boolean; detail: string } {
    const told = [...this.#standings].map(([kind, { broken, isProven }]) => {
      const word = broken === undefined ? (isProven ? "passed" : "not tested yet") : "refuses";
      return `${PROGRAM_NAMES[kind]} ${word}${broken === undefined ? "" : ` (${broken})`}`;
    });
    const ok = KINDS.every((kind) => this.brokenReason(kind) === undefined);
    return { name: "pool programs", ok, detail: told.join(", ") };
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const [kind, candidate] of this.#lookAround()) {
        if (!signal.aborted) await this.#test(kind, candidate);
      }
      if (signal.aborted) return;
      this.#nap = new AbortController();
      await this.#deps.clock.sleep(LOOK_MS, this.#nap.signal);
    }
  }

  /** One pool for each test that is due; another token than the one that was refused, if any. */
  #lookAround(): Map<PoolKind, CanaryCandidate> {
    const nowMs = this.#deps.clock.monotonicMs();
    const found = new Map<PoolKind, CanaryCandidate>();
    const due = KINDS.filter((kind) => (this.#standings.get(kind)?.dueMs ?? 0) <= nowMs);
    if (due.length === 0) return found;
    for (let looked = 0; looked < LOOKED_AT_ONCE; looked++) {
      this.#round ??= this.#deps.holdings()[Symbol.iterator]();
      const next = this.#round.next();
      if (next.done === true) {
        this.#round = undefined;
        break;
      }
      const candidate = this.#candidateOf(next.value);
      const kind = candidate?.state.pool.kind;
      if (candidate === undefined || kind === undefined || !due.includes(kind)) continue;
      const refusedMint = this.#standings.get(kind)?.refusedMint;
      if (!found.has(kind) || next.value.mint !== refusedMint) found.set(kind, candidate);
    }
    return found;
  }

  #candidateOf({ wallet, mint }: ReadyHolding): CanaryCandidate | undefined {
    const state = this.#deps.poolOf(mint);
    if (state === undefined) return undefined;
    const lamports = this.#deps.lamportsOf(wallet);
    if (lamports?.isFresh !== true || lamports.value < roundTripLamports(state.pool)) {
      return undefined;
    }
    return { wallet, state };
  }

  async #test(kind: PoolKind, candidate: CanaryCandidate): Promise<void> {
    const standing = this.#standings.get(kind);
    if (standing === undefined) return;
    standing.triedMs = this.#deps.clock.monotonicMs();
    const verdict = await testPool(this.#deps, candidate);
    const nowMs = this.#deps.clock.monotonicMs();
    const { mint, address } = candidate.state.pool.ref;
    const fields: TestFields = { kind, mint, pool: address, slot: candidate.state.slot };
    if (verdict.verdict === "passed") {
      standing.dueMs = nowMs + PASSED_MS;
      return this.#pass(standing, fields);
    }
    const isFirst = verdict.verdict === "refused" && standing.broken === undefined;
    standing.dueMs = nowMs + (isFirst ? CONFIRM_MS : AGAIN_MS);
    if (verdict.verdict === "refused") this.#refuse(standing, verdict.reason, fields);
    else this.#deps.log.debug({ ...fields, reason: verdict.reason }, "a pool test said nothing");
  }

  #pass(standing: Standing, fields: TestFields): void {
    const { broken } = standing;
    standing.isProven = true;
    standing.refusals = 0;
    standing.refusedMint = undefined;
    standing.broken = undefined;
    if (broken === undefined) return;
    const name = PROGRAM_NAMES[fields.kind];
    const text = `${name} passed its test again: buys and direct sells go on by themselves`;
    this.#deps.log.warn({ ...fields, was: broken }, text);
    this.#deps.alert?.([`${text}.`, "Nothing has to be done."]);
  }

  #refuse(standing: Standing, reason: string, fields: TestFields): void {
    const { log, metrics } = this.#deps;
    standing.refusals += 1;
    standing.refusedMint = fields.mint;
    const told = { ...fields, reason, refusals: standing.refusals };
    if (standing.refusals < REFUSALS_MAX) {
      log.warn(told, "a pool test was refused, and is repeated");
      return;
    }
    const isNews = standing.broken === undefined;
    standing.broken = reason;
    if (!isNews) return;
    const name = PROGRAM_NAMES[fields.kind];
    log.error(
      told,
      `${name} refuses what it used to take: its buys are off, its sells go through the aggregator`,
    );
    metrics?.count("alerts_total", { kind: "pool-program" });
    this.#deps.alert?.([
      `${name} fails a small test that is never sent (${reason}).`,
      "Buys in its pools are off. Sells and exits go on, through the aggregator; nothing was sent.",
      "The test is repeated every minute, and buys open again when it passes. If it stays, the " +
        "program has changed, and this release cannot trade with it.",
    ]);
  }
}
