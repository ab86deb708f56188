import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withDirectory } from "./store-fixture.ts";

const DISK = "size=3m";

function mount(directory: string, options: string): void {
  execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", directory], { stdio: "pipe" });
}

function unmount(directory: string): void {
  execFileSync("umount", ["--lazy", directory], { stdio: "pipe" });
}

/** Says loudly why the proofs that need a full disk are left out here; undefined when they run. */
export function whyNoSmallDisk(): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), "raptor-mount-"));
  try {
    mount(directory, DISK);
    unmount(directory);
    return undefined;
  } catch (error) {
    const why = "no file system may be mounted here (root may): a full disk is SKIPPED";
    process.stdout.write(`!! ${why}: ${(error as Error).message.split("\n")[0]}\n`);
    return why;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** A file system of 3 MB of its own, gone afterwards. */
export async function withSmallDisk(
  use: (directory: string, remount: (options: string) => void) => Promise<void>,
): Promise<void> {
  await withDirectory(async (directory) => {
    mount(directory, DISK);
    try {
      await use(directory, (options) => {
        execFileSync("mount", ["-o", `remount,${options}`, directory], { stdio: "pipe" });
      });
    } finally {
      unmount(directory);
    }
  });
}
