/**
 * Where a claim stands. `held`: its executor renews it. `released`: that executor ended in order
 * and signs nothing any more. `handingOver`: a person gives the desk to another volume and the wait
 * is not over. `handedOver`: the wait is over, the volume named in the row may start.
 */
export type ClaimPhase = "held" | "released" | "handingOver" | "handedOver";

/** The one row that says whose turn it is. */
export interface LeaseRow {
  /** Grows with every executor that takes the lease; never goes back. */
  epoch: number;
  /** Grows with every write within an epoch, so that a compare-and-set sees each renewal. */
  renewals: number;
  /** Chosen by chance by each process: tells its own lost answer from somebody else's write. */
  holder: string;
  /** The data directory; see `volume-identity.ts`. */
  volume: string;
  /** The machine, by `readMachineIdentity`; empty where nothing names it. */
  machine: string;
  phase: ClaimPhase;
  /** Last event of the journal when the lease was released; null otherwise. */
  headSeq: number | null;
}

/** One connection. A call may fail with RAPTOR_POSTGRES__LOST and have happened all the same. */
export interface LeaseSession {
  read(): Promise<LeaseRow | undefined>;
  /** Writes `next` only if the row is still `seen` (undefined: there is none); false otherwise. */
  swap(seen: LeaseRow | undefined, next: LeaseRow): Promise<boolean>;
  /**
   * Waits on the server until this session holds the lock, at most `waitMs`. The lock only queues
   * executors, so that the next one learns at once of the end of the one before. It permits
   * nothing: a session may end while its process lives on.
   */
  lock(waitMs: number): Promise<boolean>;
  /** Ends the server's side of whichever session holds the lock. */
  endLockHolder(): Promise<void>;
  readonly isLost: boolean;
  onLost(listener: () => void): void;
  close(): void;
}

export interface LeaseDatabase {
  /** @throws RAPTOR_POSTGRES__LOST or RAPTOR_POSTGRES__REFUSED. */
  open(): Promise<LeaseSession>;
}

/** Who asks for the lease. */
export interface LeaseIdentity {
  holder: string;
  volume: string;
  machine: string;
}

export interface LeaseSettings {
  /** Between two renewals; they go on when nothing is traded. */
  renewMs: number;
  /** A claim that was not renewed for so long is over. */
  ttlMs: number;
}

/**
 * The holder's claim ends this much before its TTL, as a part of it: for clocks of two machines
 * that do not run equally fast and for the moment between the check and what it allowed.
 */
const MARGIN_PART = 10;

/** How long after a renewal was sent its sender may rely on it. */
export function validMsOf({ ttlMs }: LeaseSettings): number {
  return ttlMs - Math.ceil(ttlMs / MARGIN_PART);
}
