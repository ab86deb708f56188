import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, it } from "vitest";
import { RaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { holdExecutorLock } from "./lock.ts";
import { withDirectory } from "./store-fixture.ts";

const HOLD_LOCK = `
  const { holdExecutorLock } = await import(process.argv[1]);
  try {
    holdExecutorLock(process.argv[2]);
    console.log("held");
    setInterval(() => {}, 1000);
  } catch (error) { console.log(error.code); }
`;

describe("the executor's lock", () => {
  it("is held by one, in this process and in others, and can be taken after release", async ({
    expect,
  }) => {
    await withDirectory(async (directory) => {
      const path = join(directory, "executor.lock");
      const lock = holdExecutorLock(path);
      expect(() => holdExecutorLock(path)).toThrow(
        new RaptorError("RAPTOR_JOURNAL__LOCKED", { path }),
      );
      expect(await answerOfOther(path)).toBe("RAPTOR_JOURNAL__LOCKED");
      lock.release();
      lock.release();
      holdExecutorLock(path).release();
    });
  });

  it("is let go when its process is killed", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const path = join(directory, "executor.lock");
      const other = startOther(path);
      try {
        await once(other.stdout, "data");
        expect(() => holdExecutorLock(path)).toThrow("another executor holds this data directory");
      } finally {
        other.kill("SIGKILL");
        await once(other, "exit");
      }
      holdExecutorLock(path).release();
    });
  });
});

function startOther(path: string) {
  const module = join(import.meta.dirname, "lock.ts");
  const args = ["--input-type=module", "-e", HOLD_LOCK, module, path];
  return spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
}

async function answerOfOther(path: string): Promise<string> {
  const other = startOther(path);
  const [text] = (await once(other.stdout, "data")) as [Buffer];
  other.kill("SIGKILL");
  return text.toString().trim();
}
