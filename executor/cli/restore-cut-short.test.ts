import { existsSync, mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";
import {
  append,
  jobAccepted,
  openTestStore,
  userRegistered,
  withDirectory,
} from "../store/store-fixture.ts";
import { createNodeNet } from "../server/node-net.ts";
import { createNodeClock } from "../server/node-seams.ts";
import { runIn } from "./cli-fixture.ts";
import { runCli } from "./raptor.ts";

/** A restore whose operator's session breaks when the old journal was moved aside. */
async function cutShort(directory: string): Promise<{ start(): void; rest: string[] }> {
  const journal = join(directory, "journal.db");
  const copy = join(directory, "copy.db");
  const { store } = openTestStore(journal);
  await append(store, userRegistered, jobAccepted("tg:1:1"));
  await runIn(directory, "backup", copy);
  store.close();
  const cut = runCli(["restore", "--from", "backup", copy, "--move-aside"], {
    env: { DATA_DIR: directory },
    clock: createNodeClock(),
    openNet: createNodeNet,
    print: (line) => {
      if (line.includes("is kept in")) throw new Error("EPIPE");
    },
  });
  const error: unknown = await cut.catch((reason: unknown) => reason);
  if (!(error instanceof Error) || error.message !== "EPIPE") throw new Error("expected a cut");
  // What the platform does next: an empty journal in its place would watch nothing.
  const start = (): void => openTestStore(journal).store.close();
  return { start, rest: ["restore", "--from", "backup", copy] };
}

describe("a restore that is cut short while it moves the old journal aside", () => {
  it("lets nobody begin an empty journal, and can be run again", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const journal = join(directory, "journal.db");
      const { start, rest } = await cutShort(directory);
      expect(start).toThrow("a restore was cut short");
      expect(existsSync(journal)).toBe(false);
      expect((await runIn(directory, ...rest)).code).toBe(0);
      const { store: back } = openTestStore(journal);
      expect(back.users()).toHaveLength(1);
      back.close();
    });
  });

  it("lets nobody begin an empty journal when it fails as it is run again", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const { start, rest } = await cutShort(directory);
      const names = ["journal.draft.db.partial", "journal.incoming.db.partial"];
      const blocked = names.map((name) => join(directory, name));
      // As on a disk that takes no copy.
      for (const path of blocked) mkdirSync(path);
      await expect(runIn(directory, ...rest)).rejects.toThrow();
      for (const path of blocked) rmdirSync(path);
      expect(start).toThrow("a restore was cut short");
      expect((await runIn(directory, ...rest)).code).toBe(0);
      expect(start).not.toThrow();
    });
  });
});
