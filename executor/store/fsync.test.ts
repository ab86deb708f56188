import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";
import { withDirectory } from "./store-fixture.ts";

const COMMITS = 20;

const CHILD = `
  const { openTestStore, append, jobAccepted } = await import(process.argv[1]);
  const { writeSync } = await import("node:fs");
  const { store } = openTestStore(process.argv[2]);
  for (let n = 1; n <= ${COMMITS}; n++) {
    await append(store, jobAccepted("tg:1:" + n));
    writeSync(1, "ACK " + n + "\\n");
  }
  process.exit(0);
`;

const hasStrace = spawnSync("strace", ["-V"]).status === 0;
if (!hasStrace) {
  const proof = "commits reach the disk before they are acknowledged";
  process.stdout.write(`!! strace is not installed: the proof that ${proof} is SKIPPED\n`);
}

describe.skipIf(!hasStrace)("durability as the kernel sees it", () => {
  it("syncs the WAL between the write of a commit and its acknowledgement", async ({ expect }) => {
    await withDirectory((directory) => {
      const trace = join(directory, "trace.txt");
      const fixture = join(import.meta.dirname, "store-fixture.ts");
      const calls = "trace=fsync,fdatasync,write,pwrite64";
      const flags = ["-f", "-y", "-e", calls, "-s", "16", "-o", trace];
      const script = ["--input-type=module", "-e", CHILD, fixture, join(directory, "journal.db")];
      const result = spawnSync("strace", [...flags, process.execPath, ...script]);
      expect(result.stderr.toString()).not.toContain("Error");
      expect(result.stdout.toString().trim().split("\n")).toHaveLength(COMMITS);
      expect(judge(readFileSync(trace, "utf8"))).toEqual({ acknowledged: COMMITS, unsynced: 0 });
    });
  });
});

/** An acknowledgement is sound when the WAL was written since the last one and synced after it. */
function judge(trace: string): { acknowledged: number; unsynced: number } {
  let acknowledged = 0;
  let unsynced = 0;
  let isWritten = false;
  let isSynced = false;
  for (const line of trace.split("\n")) {
    const isWal = line.includes("-wal>");
    if (isWal && line.includes("write")) {
      isWritten = true;
      isSynced = false;
    } else if (isWal && /f(data)?sync\(/.test(line)) {
      isSynced = true;
    } else if (line.includes('"ACK ')) {
      acknowledged++;
      if (!isWritten || !isSynced) unsynced++;
      isWritten = false;
      isSynced = false;
    }
  }
  return { acknowledged, unsynced };
}
