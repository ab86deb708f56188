import { spawnSync } from "node:child_process";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "vitest";
import { COMPILE_ONLY } from "./compile-only.ts";

/** A few modules that do nothing when they are loaded. */
const SMALL = join(import.meta.dirname, "fold/fold.ts");
/** Every module is compiled several times over, which a busy machine does slowly. */
const TIMEOUT_MS = 120_000;
const LAUNCHER = join(import.meta.dirname, "launch.ts");

/** Loads every module of a program with what is kept in `cache`, and keeps what is missing there. */
function load(program: string, cache: string): { status: number | null; told: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, COMPILE_ONLY], {
    env: { NODE_COMPILE_CACHE: cache, NODE_DEBUG_NATIVE: "COMPILE_CACHE" },
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  return { status, told: `${stdout}${stderr}` };
}

/** Modules that came out of the cache whole, both without their types and compiled. */
function countTaken(told: string): number {
  return told
    .split("\n")
    .filter((line) => line.endsWith("was accepted, keeping the in-memory entry")).length;
}

function filesOf(cache: string): string[] {
  const names = readdirSync(cache, { recursive: true, encoding: "utf8" });
  return names.map((name) => join(cache, name)).filter((path) => statSync(path).isFile());
}

/** Every kind of damage that a disk can do, one after the other. */
const DAMAGES: readonly ((path: string, bytes: Buffer) => void)[] = [
  (path, bytes) => truncateSync(path, Math.floor(bytes.length / 2)),
  (path) => truncateSync(path, 0),
  (path, bytes) => writeFileSync(path, Buffer.alloc(bytes.length, "raptor")),
  (path, bytes) => {
    const at = Math.floor(bytes.length * 0.7);
    bytes[at] = (bytes[at] ?? 0) ^ 0x10;
    writeFileSync(path, bytes);
  },
];

describe("a start that only compiles", () => {
  it(
    "leaves to the next start nothing to compile, and opens nothing",
    ({ expect }) => {
      const cache = mkdtempSync(join(tmpdir(), "raptor-compiled-"));
      try {
        const first = load(LAUNCHER, cache);
        expect([first.status, countTaken(first.told) < 20]).toEqual([0, true]);
        const second = load(LAUNCHER, cache);
        expect(second.status).toBe(0);
        expect(second.told).not.toContain("no such file or directory");
        expect(countTaken(second.told)).toBeGreaterThan(300);
        // The main process runs with flags, by which Node keeps what it compiled apart.
        const sizes = readdirSync(cache).map((name) => readdirSync(join(cache, name)).length);
        const [small = 0, large = 0] = sizes.toSorted((a, b) => a - b);
        expect([sizes.length, small > 10, small < 100, large > 300]).toEqual([2, true, true, true]);
      } finally {
        rmSync(cache, { recursive: true, force: true });
      }
    },
    TIMEOUT_MS,
  );

  it(
    "takes nothing of what was damaged since, and goes on without",
    ({ expect }) => {
      const cache = mkdtempSync(join(tmpdir(), "raptor-compiled-"));
      try {
        load(SMALL, cache);
        for (const [at, path] of filesOf(cache).entries()) {
          DAMAGES[at % DAMAGES.length]?.(path, readFileSync(path));
        }
        const { status, told } = load(SMALL, cache);
        expect([status, countTaken(told)]).toEqual([0, 0]);
        expect(countTaken(load(SMALL, cache).told)).toBeGreaterThan(3);
      } finally {
        rmSync(cache, { recursive: true, force: true });
      }
    },
    TIMEOUT_MS,
  );

  it(
    "works where nothing can be kept",
    ({ expect }) => {
      const { status, told } = load(LAUNCHER, "/dev/null/cache");
      expect(status).toBe(0);
      expect(told).not.toContain("was accepted");
    },
    TIMEOUT_MS,
  );
});
