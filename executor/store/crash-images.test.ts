import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "vitest";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { assertHeadAtLeast } from "./assert-head.ts";
import type { Head } from "./hash-chain.ts";
import { append, jobAccepted, openTestStore, userRegistered } from "./store-fixture.ts";
import { verifyJournal } from "./verify.ts";

const IMAGES = 1_500;
/** Of them in the main file, which is checkpointed, and in the log. */
const CHECKPOINTED = 6;
const COMMITS = 14;
const SECTOR_BYTES = 512;
const LOST_PER_CENT = 40;
const SEED = 20_261_121;

interface Image {
  main: Buffer;
  wal: Buffer;
  /** Events that were synced before the harm was done. */
  synced?: number;
}

interface Dead extends Image {
  hashes: string[];
  head: Head;
  /** Length of the log after each commit. */
  walLengths: number[];
}

interface Tally {
  whole: number;
  shorter: number;
  /** Stopped with an error by our own opening, or found by verify. */
  stopped: number;
  /** Shorter, without a word from the file itself. */
  silent: number;
  /** Of the silent ones, those that a head kept elsewhere shows. */
  shown: number;
}

/** xorshift32: the images of one seed are always the same. */
function createDraw(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}

function directoryInMemory(): string {
  const base = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
  return mkdtempSync(join(base, "raptor-images-"));
}

/** A journal whose process died without closing it: a main file with old commits, and a log. */
async function makeDead(directory: string): Promise<Dead> {
  const path = join(directory, "journal.db");
  for (const [first, last] of [
    [1, CHECKPOINTED],
    [CHECKPOINTED + 1, COMMITS],
  ] as const) {
    const { store } = openTestStore(path);
    const walLengths: number[] = [];
    for (let n = first; n <= last; n++) {
      // Two events a commit: a prefix that ends between them would be a torn commit.
      await append(store, jobAccepted(`tg:1:${n}`), userRegistered);
      walLengths.push(readFileSync(`${path}-wal`).length);
    }
    const hashes = store.eventsFrom(1, COMMITS * 2).map((event) => event.hash);
    const [main, wal] = [readFileSync(path), readFileSync(`${path}-wal`)];
    store.close();
    const head = { seq: hashes.length, hash: hashes.at(-1) ?? "" };
    if (last === COMMITS) return { main, wal, hashes, head, walLengths };
  }
  throw new Error("expected a last round");
}

type Verdict = { kind: "stopped" } | { kind: "opened"; hashes: string[]; isShown: boolean };

/** Opens the image as a new process would, and holds it against itself and against the head. */
function judge(directory: string, image: Image, head: Head): Verdict {
  const path = join(directory, "image.db");
  for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
  writeFileSync(path, image.main);
  writeFileSync(`${path}-wal`, image.wal);
  try {
    const { store, fatal } = openTestStore(path);
    const hashes = store.eventsFrom(1, COMMITS * 2).map((event) => event.hash);
    const isShown = isBehind(store, head);
    store.close();
    if (fatal.length > 0 || verifyJournal(path).problem !== null) return { kind: "stopped" };
    return { kind: "opened", hashes, isShown };
  } catch {
    return { kind: "stopped" };
  }
}

function isBehind(store: Parameters<typeof assertHeadAtLeast>[0], head: Head): boolean {
  try {
    assertHeadAtLeast(store, head.seq, head.hash);
    return false;
  } catch (error) {
    if (!isRaptorError(error, "RAPTOR_JOURNAL__BEHIND")) throw error;
    return true;
  }
}

/** @throws when an image opens to anything but an exact prefix of whole commits. */
function tallyImages(directory: string, dead: Dead, images: Iterable<Image>): Tally {
  const tally: Tally = { whole: 0, shorter: 0, stopped: 0, silent: 0, shown: 0 };
  for (const image of images) {
    const verdict = judge(directory, image, dead.head);
    if (verdict.kind === "stopped") {
      tally.stopped++;
      continue;
    }
    const { hashes } = verdict;
    const isPrefix = hashes.every((hash, at) => hash === dead.hashes[at]);
    if (hashes.length < (image.synced ?? 0)) throw new Error("expected all that was synced");
    if (!isPrefix || hashes.length % 2 !== 0) throw new Error("expected an exact prefix");
    if (hashes.length === dead.hashes.length) tally.whole++;
    else {
      tally.shorter++;
      tally.silent++;
      if (verdict.isShown) tally.shown++;
    }
  }
  return tally;
}

function* truncations(dead: Dead, draw: (bound: number) => number): Iterable<Image> {
  for (let n = 0; n < IMAGES; n++) {
    yield { main: dead.main, wal: dead.wal.subarray(0, draw(dead.wal.length + 1)) };
  }
}

/** Everything up to some commit was synced; of what came after it sectors are missing. */
function* lostSectors(dead: Dead, draw: (bound: number) => number): Iterable<Image> {
  for (let n = 0; n < IMAGES; n++) {
    const wal = Buffer.from(dead.wal);
    const commit = draw(dead.walLengths.length);
    const synced = (CHECKPOINTED + commit + 1) * 2;
    for (let at = dead.walLengths[commit] ?? 0; at < wal.length; at += SECTOR_BYTES) {
      if (draw(100) < LOST_PER_CENT) wal.fill(0, at, Math.min(at + SECTOR_BYTES, wal.length));
    }
    yield { main: dead.main, wal, synced };
  }
}

function* bitFlips(dead: Dead, draw: (bound: number) => number): Iterable<Image> {
  for (let n = 0; n < IMAGES; n++) {
    const isInMain = n % 2 === 0;
    const bytes = Buffer.from(isInMain ? dead.main : dead.wal);
    const bit = draw(bytes.length * 8);
    bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    yield isInMain ? { main: bytes, wal: dead.wal } : { main: dead.main, wal: bytes };
  }
}

describe("what a dying machine leaves", () => {
  async function run(
    name: string,
    make: (dead: Dead, draw: (bound: number) => number) => Iterable<Image>,
  ): Promise<Tally> {
    const directory = directoryInMemory();
    try {
      const dead = await makeDead(directory);
      const tally = tallyImages(directory, dead, make(dead, createDraw(SEED)));
      process.stdout.write(`${name}, seed ${SEED}: ${JSON.stringify(tally)}\n`);
      return tally;
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }

  it(`opens to an exact prefix of commits after ${IMAGES} truncations`, async ({ expect }) => {
    const tally = await run("truncations", truncations);
    expect(tally.stopped).toBe(0);
    expect(tally.shorter).toBeGreaterThan(IMAGES / 2);
    expect(tally.shown).toBe(tally.silent);
  }, 300_000);

  it(`keeps what was synced, and a prefix of the rest, after ${IMAGES} losses of sectors`, async ({
    expect,
  }) => {
    const tally = await run("lost sectors", lostSectors);
    expect(tally.stopped).toBe(0);
    expect(tally.shorter).toBeGreaterThan(IMAGES / 2);
    expect(tally.shown).toBe(tally.silent);
  }, 300_000);

  it(`opens to an exact prefix or stops after ${IMAGES} flipped bits; a head elsewhere shows the rest`, async ({
    expect,
  }) => {
    const tally = await run("bit flips", bitFlips);
    expect(tally.stopped).toBeGreaterThan(0);
    expect(tally.silent).toBeGreaterThan(IMAGES / 4);
    expect(tally.shown).toBe(tally.silent);
  }, 300_000);
});
