import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { LeaseIdentity, LeaseSettings } from "./lease-database.ts";
import { FakeLeaseServer } from "./lease-database-fixture.ts";
import { Lease } from "./lease.ts";
import { takeOver } from "./take-over.ts";
import { QUIET_LOG, VirtualProcess, VirtualWorld } from "./virtual-world-fixture.ts";

export const SETTINGS: LeaseSettings = { renewMs: 2_000, ttlMs: 20_000 };
const WAIT = { waitMsMax: 50_000, reachMsMax: 5_000 };
const RESTART_MS = 500;
const STANDBY_MS = 15_000;

/** A data directory on a machine: where an executor can run, one at a time by its lock file. */
export interface Place {
  volume: string;
  machine: string;
}

export interface Signing {
  atMs: number;
  epoch: number;
  who: string;
  isByNonce: boolean;
}

interface Running {
  place: Place;
  process: VirtualProcess;
  lease: Lease | undefined;
  isCut: boolean;
  isWaiting: boolean;
}

/** Executors on their places, reduced to what the lease decides: whether they sign. */
export class LeaseWorld {
  readonly world = new VirtualWorld();
  readonly server: FakeLeaseServer;
  readonly signings: Signing[] = [];
  readonly running: Running[] = [];
  /** Newest epoch in the journal of each place. */
  readonly #journals = new Map<string, number>();
  readonly #prng: Prng;
  #count = 0;

  constructor(prng: Prng) {
    this.#prng = prng;
    this.server = new FakeLeaseServer(this.world, prng);
  }

  /** Starts what the platform would start; does nothing where the lock file is held. */
  start(place: Place): void {
    const key = keyOf(place);
    if (this.running.some(({ place: held, process }) => keyOf(held) === key && process.isAlive)) {
      return;
    }
    const rate = 0.99 + this.#prng.nextFloat() * 0.02;
    const process = new VirtualProcess(this.world, rate, this.#prng.nextInt(5_000));
    const one: Running = { place, process, lease: undefined, isCut: false, isWaiting: true };
    this.running.push(one);
    void this.#live(one);
  }

  kill(one: Running): void {
    one.process.kill();
    this.world.at(this.world.nowMs + RESTART_MS, () => this.start(one.place));
  }

  alive(): Running[] {
    return this.running.filter(({ process }) => process.isAlive);
  }

  holders(): Running[] {
    return this.alive().filter(({ lease }) => lease?.state() === "held");
  }

  /** What a person does who puts the journal back on another volume; true when it is done. */
  async moveTo(place: Place, from: Place): Promise<boolean> {
    const process = new VirtualProcess(this.world, 1, 0);
    try {
      await takeOver({
        database: this.server.databaseFor(process, () => false),
        clock: process.clock,
        identity: this.#identity(place),
        settings: SETTINGS,
        fetchCopiedSeq: async () => 0,
        putBack: async () => {
          const epoch = this.#journals.get(keyOf(from)) ?? 0;
          this.#journals.set(keyOf(place), epoch);
        },
      });
    } catch (error) {
      if (!isRaptorError(error)) throw error;
      return false;
    }
    return true;
  }

  async #live(one: Running): Promise<void> {
    const { place, process } = one;
    const key = keyOf(place);
    const lease = new Lease({
      database: this.server.databaseFor(process, () => one.isCut),
      clock: process.clock,
      log: QUIET_LOG,
      identity: this.#identity(place),
      settings: SETTINGS,
      journalEpoch: () => this.#journals.get(key) ?? 0,
    });
    const outcome = await lease.take(WAIT);
    one.isWaiting = false;
    if (outcome.outcome === "refused") return this.#end(one, STANDBY_MS);
    one.lease = lease;
    lease.start();
    this.#beginEpoch(key, lease);
    // Half of them have nothing to do for long times.
    const restMs = this.#prng.nextInt(2) === 0 ? 400 : 30_000;
    while (process.isAlive) {
      await process.clock.sleep(1 + this.#prng.nextInt(restMs));
      if (lease.epoch !== undefined) this.#beginEpoch(key, lease);
      if (lease.state() === "fenced") return this.#end(one, RESTART_MS);
      const epoch = lease.epoch ?? this.#journals.get(key) ?? 0;
      const isByNonce = lease.state() === "lapsed";
      this.signings.push({ atMs: this.world.nowMs, epoch, who: key, isByNonce });
    }
  }

  #beginEpoch(key: string, lease: Lease): void {
    const newest = this.#journals.get(key) ?? 0;
    this.#journals.set(key, Math.max(newest, lease.epoch ?? newest + 1));
  }

  #end(one: Running, againMs: number): void {
    one.process.kill();
    void one.lease?.abandon();
    this.world.at(this.world.nowMs + againMs, () => this.start(one.place));
  }

  #identity({ volume, machine }: Place): LeaseIdentity {
    return { volume, machine, holder: `h${this.#count++}` };
  }
}

/** Signings without a nonce by an epoch that a later one had already overtaken. */
export function overlapsOf(signings: readonly Signing[]): Signing[] {
  let newest = 0;
  return signings.filter(({ epoch, isByNonce }) => {
    if (isByNonce) return false;
    if (epoch < newest) return true;
    newest = epoch;
    return false;
  });
}

function keyOf({ volume, machine }: Place): string {
  return `${volume}@${machine}`;
}
