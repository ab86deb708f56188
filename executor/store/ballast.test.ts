import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";
import { createBallast } from "./ballast.ts";
import { quietLog, withDirectory } from "./store-fixture.ts";

const BYTES = 2_500_000;

describe("the ballast", () => {
  it("takes exactly its size, really written, and is kept by the next start", async ({
    expect,
  }) => {
    await withDirectory(async (directory) => {
      const path = join(directory, "ballast");
      const options = { directory, bytes: BYTES, log: quietLog };
      await createBallast(options).tend();
      expect(statSync(path).size).toBe(BYTES);
      // 512 bytes a block: a file with holes would hold nothing.
      expect(statSync(path).blocks * 512).toBeGreaterThanOrEqual(BYTES);
      writeFileSync(path, Buffer.alloc(BYTES, "mark"));
      const again = createBallast(options);
      expect(again.isTight()).toBe(false);
      await again.tend();
      expect(readFileSync(path).subarray(0, 4).toString()).toBe("mark");
    });
  });

  it("is made anew when its size was changed or its writing was cut short", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const path = join(directory, "ballast");
      writeFileSync(path, Buffer.alloc(1_000));
      const ballast = createBallast({ directory, bytes: BYTES, log: quietLog });
      expect(ballast.isTight()).toBe(true);
      expect(existsSync(path)).toBe(false);
      await ballast.tend();
      expect(statSync(path).size).toBe(BYTES);
    });
  });

  it("has nothing to give a second time", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const ballast = createBallast({ directory, bytes: BYTES, log: quietLog });
      expect(ballast.free()).toBe(false);
      await ballast.tend();
      expect([ballast.free(), ballast.isTight()]).toEqual([true, true]);
      expect([ballast.free(), ballast.isTight()]).toEqual([false, true]);
    });
  });

  it("of size 0 is never there, never tight, and removes an older one", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const path = join(directory, "ballast");
      writeFileSync(path, Buffer.alloc(1_000));
      const ballast = createBallast({ directory, bytes: 0, log: quietLog });
      await ballast.tend();
      expect(existsSync(path)).toBe(false);
      expect([ballast.free(), ballast.isTight()]).toEqual([false, false]);
    });
  });

  it("stays away, and says so once, where as much again would not stay free", async ({
    expect,
  }) => {
    await withDirectory(async (directory) => {
      const bytes = Number.MAX_SAFE_INTEGER;
      const warnings: string[] = [];
      const log = { ...quietLog, warn: (_: object, text: string) => warnings.push(text) };
      const ballast = createBallast({ directory, bytes, log });
      for (let round = 0; round < 3; round++) await ballast.tend();
      expect(ballast.isTight()).toBe(true);
      expect(warnings).toEqual(["too little room on the disk for the ballast"]);
    });
  });
});
