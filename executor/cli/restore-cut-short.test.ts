import { existsSync } from "node:fs";
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

describe("a restore that is cut short while it moves the old journal aside", () => {
  it("lets nobody begin an empty journal, and can be run again", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const journal = join(directory, "journal.db");
      const { store } = openTestStore(journal);
      await append(store, userRegistered, jobAccepted("tg:1:1"));
      await runIn(directory, "backup", join(directory, "copy.db"));
      store.close();
      // The operator's session breaks at the line that tells of it: nobody reads any more.
      const cut = runCli(
        ["restore", "--from", "backup", join(directory, "copy.db"), "--move-aside"],
        {
          env: { DATA_DIR: directory },
          clock: createNodeClock(),
          openNet: createNodeNet,
          print: (line) => {
            if (line.includes("is kept in")) throw new Error("EPIPE");
          },
        },
      );
      await expect(cut).rejects.toThrow("EPIPE");
      // What the platform does next: an empty journal in its place would watch nothing.
      const start = (): void => openTestStore(journal).store.close();
      expect(start).toThrow("a restore was cut short");
      expect(existsSync(journal)).toBe(false);
      const again = await runIn(
        directory,
        "restore",
        "--from",
        "backup",
        join(directory, "copy.db"),
      );
      expect(again.code).toBe(0);
      const { store: back } = openTestStore(journal);
      expect(back.users()).toHaveLength(1);
      back.close();
    });
  });
});
