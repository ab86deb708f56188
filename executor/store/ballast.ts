import { rmSync, statSync, truncateSync } from "node:fs";
import { open, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "@raptor/shared/seams/log.ts";

/**
 * A file that holds a piece of the disk for bad days. When the disk is full it is given up, so that
 * exits and what is under way can still be recorded; entries wait until it can be made again.
 */
export interface Ballast {
  /** True from the moment it is missing until it stands again: nothing is left to spare. */
  isTight(): boolean;
  /** Gives the room to the journal; true when it still held some. */
  free(): boolean;
  /** Makes the file when it is missing and the disk has room for it. */
  tend(): Promise<void>;
}

export interface BallastOptions {
  directory: string;
  /** 0 turns it off. */
  bytes: number;
  log: Log;
}

/** Written in pieces, so that giving it up in the middle has to wait for none. */
const PIECE_BYTES = 1024 * 1024;
/** It is made only where as much again stays free: it must not itself fill the disk. */
const ROOM_FACTOR = 2;

export function createBallast(options: BallastOptions): Ballast {
  return new BallastFile(options);
}

class BallastFile implements Ballast {
  readonly #options: BallastOptions;
  readonly #path: string;
  #isHeld: boolean;
  /** Raised when the file is given up, so that a writing under way stops. */
  #round = 0;
  #isWriting = false;
  /** It is asked for every few seconds: one line says enough. */
  #hasWarned = false;

  constructor(options: BallastOptions) {
    this.#options = options;
    this.#path = join(options.directory, "ballast");
    this.#isHeld = options.bytes > 0 && this.#sizeBytes() === options.bytes;
    if (!this.#isHeld) this.#remove();
  }

  isTight(): boolean {
    return this.#options.bytes > 0 && !this.#isHeld;
  }

  free(): boolean {
    const { bytes, log } = this.#options;
    if (bytes === 0) return false;
    this.#round++;
    this.#isHeld = false;
    const heldBytes = this.#sizeBytes();
    this.#remove();
    const freedBytes = heldBytes - this.#sizeBytes();
    log.error({ freedBytes }, "the disk is full: the ballast is given up, entries wait");
    return freedBytes > 0;
  }

  async tend(): Promise<void> {
    const { directory, bytes, log } = this.#options;
    if (!this.isTight() || this.#isWriting) return;
    this.#isWriting = true;
    try {
      const disk = await statfs(directory);
      const freeBytes = disk.bavail * disk.bsize;
      if (freeBytes <= ROOM_FACTOR * bytes) {
        if (!this.#hasWarned) {
          log.warn({ freeBytes, bytes }, "too little room on the disk for the ballast");
        }
        this.#hasWarned = true;
        return;
      }
      this.#hasWarned = false;
      await this.#write(this.#round);
      log.info({ bytes, isHeld: this.#isHeld }, "the ballast is made");
    } catch (error) {
      this.#remove();
      log.warn({ cause: (error as Error).message }, "the ballast could not be made");
    } finally {
      this.#isWriting = false;
    }
  }

  async #write(round: number): Promise<void> {
    const { bytes } = this.#options;
    const piece = Buffer.alloc(PIECE_BYTES, "raptor ballast\n");
    const file = await open(this.#path, "w", 0o600);
    try {
      for (let at = 0; at < bytes && round === this.#round; at += PIECE_BYTES) {
        await file.write(piece, 0, Math.min(PIECE_BYTES, bytes - at), at);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    if (round === this.#round) this.#isHeld = true;
    else this.#remove();
  }

  #sizeBytes(): number {
    return statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Cut first: the room of a file that is open, as while it is written, comes back only so. */
  #remove(): void {
    try {
      if (statSync(this.#path, { throwIfNoEntry: false }) === undefined) return;
      truncateSync(this.#path, 0);
      rmSync(this.#path, { force: true });
    } catch (error) {
      // A disk that takes no change gives no room either; the journal says what that means.
      this.#options.log.error({ cause: (error as Error).message }, "the ballast cannot be removed");
    }
  }
}
