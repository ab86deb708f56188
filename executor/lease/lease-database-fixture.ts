import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { Prng } from "@raptor/shared/seams/chance.ts";
import type { LeaseDatabase, LeaseRow, LeaseSession } from "./lease-database.ts";
import type { VirtualProcess, VirtualWorld } from "./virtual-world-fixture.ts";

export interface DatabaseFaults {
  /** Chance that a request never arrives. */
  lost: number;
  /** Chance that a request is carried out and its answer never arrives. */
  unanswered: number;
  /** Chance that a request is carried out long after its sender gave up. */
  late: number;
  /** Chance that the server ends the session with the answer. */
  ended: number;
  delayMsMax: number;
}

const TIMEOUT_MS = 2_000;
const LATE_MS_MAX = 20_000;
/** A server notices a vanished client after this long at most. */
const NOTICE_MS_MAX = 15_000;

/** One row and one lock, reached over a network that loses, delays and repeats nothing twice. */
export class FakeLeaseServer {
  row: LeaseRow | undefined;
  isDown = false;
  faults: DatabaseFaults = { lost: 0, unanswered: 0, late: 0, ended: 0, delayMsMax: 20 };
  readonly hits = new Map<string, number>();
  readonly world: VirtualWorld;
  readonly prng: Prng;
  #owner: FakeSession | undefined;
  readonly #queue: { session: FakeSession; grant(): void }[] = [];

  constructor(world: VirtualWorld, prng: Prng) {
    this.world = world;
    this.prng = prng;
  }

  /** The database as one process reaches it; `isCut` tells whether its network is down. */
  databaseFor(process: VirtualProcess, isCut: () => boolean): LeaseDatabase {
    return {
      open: async () => {
        const session = new FakeSession(this, process, isCut);
        await session.ask(() => undefined);
        return session;
      },
    };
  }

  hit(name: string): void {
    this.hits.set(name, (this.hits.get(name) ?? 0) + 1);
  }

  swap(seen: LeaseRow | undefined, next: LeaseRow): boolean {
    const { row } = this;
    const isSeen =
      row?.epoch === seen?.epoch &&
      row?.renewals === seen?.renewals &&
      row?.holder === seen?.holder;
    if (isSeen) this.row = { ...next };
    return isSeen;
  }

  tryLock(session: FakeSession): boolean {
    if (session.isEnded) return false;
    this.#owner ??= session;
    return this.#owner === session;
  }

  waitForLock(session: FakeSession, grant: () => void): () => void {
    const waiting = { session, grant };
    this.#queue.push(waiting);
    return () => {
      const at = this.#queue.indexOf(waiting);
      if (at >= 0) this.#queue.splice(at, 1);
    };
  }

  endOwner(asker: FakeSession): void {
    if (this.#owner !== undefined && this.#owner !== asker) this.#owner.endByServer();
  }

  ended(session: FakeSession): void {
    if (this.#owner !== session) return;
    this.#owner = undefined;
    const next = this.#queue.shift();
    if (next !== undefined && this.tryLock(next.session)) next.grant();
  }
}

class FakeSession implements LeaseSession {
  isLost = false;
  /** As the server sees it. */
  isEnded = false;
  readonly #server: FakeLeaseServer;
  readonly #process: VirtualProcess;
  readonly #isCut: () => boolean;
  readonly #listeners: (() => void)[] = [];

  constructor(server: FakeLeaseServer, process: VirtualProcess, isCut: () => boolean) {
    this.#server = server;
    this.#process = process;
    this.#isCut = isCut;
  }

  read(): Promise<LeaseRow | undefined> {
    return this.ask(() => (this.#server.row === undefined ? undefined : { ...this.#server.row }));
  }

  swap(seen: LeaseRow | undefined, next: LeaseRow): Promise<boolean> {
    return this.ask(() => this.#server.swap(seen, next));
  }

  async lock(waitMs: number): Promise<boolean> {
    if (await this.ask(() => this.#server.tryLock(this))) return true;
    if (waitMs < 1) return false;
    let isOurs = false;
    const abort = new AbortController();
    const cancel = this.#server.waitForLock(this, () => {
      isOurs = true;
      abort.abort();
    });
    await this.#process.clock.sleep(waitMs, abort.signal);
    cancel();
    return isOurs;
  }

  endLockHolder(): Promise<void> {
    return this.ask(() => this.#server.endOwner(this));
  }

  onLost(listener: () => void): void {
    this.#listeners.push(listener);
  }

  close(): void {
    this.#lose();
  }

  /** The server's side ends; the client learns of it when it runs and its network is up. */
  endByServer(): void {
    this.isEnded = true;
    this.#server.ended(this);
    this.#server.world.at(this.#server.world.nowMs + 5, () =>
      this.#process.enter(() => this.#lose()),
    );
  }

  #lose(): void {
    if (this.isLost) return;
    this.isLost = true;
    const { world, prng } = this.#server;
    world.at(world.nowMs + prng.nextInt(NOTICE_MS_MAX), () => {
      this.isEnded = true;
      this.#server.ended(this);
    });
    for (const listener of this.#listeners) listener();
  }

  /** One request and its answer, with whatever happens to either on the way. */
  ask<T>(work: () => T): Promise<T> {
    const { world, prng, faults } = this.#server;
    const delay = (): number => 1 + prng.nextInt(faults.delayMsMax);
    return new Promise((resolve, reject) => {
      let isOver = false;
      const finish = (how: () => void): void => {
        if (isOver) return;
        isOver = true;
        this.#process.enter(how);
      };
      const lose = (): void => {
        this.#lose();
        reject(new RaptorError("RAPTOR_POSTGRES__LOST", { reason: "no answer" }));
      };
      if (this.isLost) return lose();
      world.at(world.nowMs + TIMEOUT_MS, () => finish(lose));
      const fate = this.#fate();
      this.#server.hit(fate);
      if (fate === "lost") return;
      const onWayMs = fate === "late" ? TIMEOUT_MS + prng.nextInt(LATE_MS_MAX) : delay();
      world.at(world.nowMs + onWayMs, () => {
        if (this.#server.isDown) return;
        if (this.isEnded) return finish(lose);
        const value = work();
        if (fate === "unanswered" || fate === "late") return;
        world.at(world.nowMs + delay(), () => {
          if (this.#isCut()) return;
          finish(fate === "ended" ? lose : () => resolve(value));
        });
      });
    });
  }

  #fate(): "lost" | "unanswered" | "late" | "ended" | "answered" {
    const { faults, prng, isDown } = this.#server;
    if (this.#isCut() || isDown) return "lost";
    let draw = prng.nextFloat();
    for (const name of ["lost", "unanswered", "late", "ended"] as const) {
      if (draw < faults[name]) return name;
      draw -= faults[name];
    }
    return "answered";
  }
}
