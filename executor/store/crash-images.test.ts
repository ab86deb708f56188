import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";
import {
  append,
  jobAccepted,
  openTestStore,
  userRegistered,
  withDirectory,
} from "./store-fixture.ts";
import { verifyJournal } from "./verify.ts";

const COMMITS = 40;
const TRUNCATIONS = 300;
const BIT_FLIPS = 60;

/** A journal whose last process died without closing it: a main file and a WAL. */
async function withDeadJournal(
  use: (image: { directory: string; path: string; wal: Buffer; hashes: string[] }) => void,
): Promise<void> {
  await withDirectory(async (directory) => {
    const path = join(directory, "journal.db");
    const { store } = openTestStore(path);
    for (let n = 1; n <= COMMITS; n++) {
      // Two events a commit: a prefix that ends between them would be a torn commit.
      await append(store, jobAccepted(`tg:1:${n}`), userRegistered);
    }
    const hashes = store.eventsFrom(1, COMMITS * 2).map((event) => event.hash);
    const dead = join(directory, "dead.db");
    copyFileSync(path, dead);
    const wal = readFileSync(`${path}-wal`);
    store.close();
    use({ directory, path: dead, wal, hashes });
  });
}

/** Opens the image as a new process would, and gives the hashes of the events that it holds. */
function openImage(directory: string, main: string, wal: Buffer): string[] {
  const path = join(directory, "image.db");
  copyFileSync(main, path);
  writeFileSync(`${path}-wal`, wal);
  const { store } = openTestStore(path);
  const hashes = store.eventsFrom(1, COMMITS * 2).map((event) => event.hash);
  store.close();
  if (verifyJournal(path).problem !== null) throw new Error("the image does not verify");
  for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
  return hashes;
}

describe("what a dying machine leaves", () => {
  it(`opens to an exact prefix of commits after ${TRUNCATIONS} random truncations`, async ({
    expect,
  }) => {
    await withDeadJournal(({ directory, path, wal, hashes }) => {
      const lengths = new Set<number>();
      for (let round = 0; round < TRUNCATIONS; round++) {
        const cut = (round * 2_654_435_761) % (wal.length + 1);
        const found = openImage(directory, path, wal.subarray(0, cut));
        expect(found).toEqual(hashes.slice(0, found.length));
        expect(found.length % 2).toBe(0);
        lengths.add(found.length);
      }
      expect(lengths.size).toBeGreaterThan(COMMITS / 2);
      expect(openImage(directory, path, wal)).toEqual(hashes);
    });
  });

  it("opens to an exact prefix after a flipped bit, which only the chain's head reveals", async ({
    expect,
  }) => {
    await withDeadJournal(({ directory, path, wal, hashes }) => {
      let shorter = 0;
      for (let round = 0; round < BIT_FLIPS; round++) {
        const bit = (round * 2_246_822_519) % (wal.length * 8);
        const flipped = Buffer.from(wal);
        flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        const found = openImage(directory, path, flipped);
        expect(found).toEqual(hashes.slice(0, found.length));
        if (found.length < hashes.length) shorter++;
      }
      expect(shorter).toBeGreaterThan(BIT_FLIPS / 2);
    });
  });
});
