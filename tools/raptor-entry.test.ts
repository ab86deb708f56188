import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "vitest";

const ENTRY = join(import.meta.dirname, "../executor/raptor.sh");

/** Runs the image's `raptor` with a `node` that writes down how it was called. */
function callRaptor(use: (called: string, dataUid: number | undefined) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "raptor-cli-"));
  try {
    chmodSync(folder, 0o755);
    const out = join(folder, "out");
    for (const name of ["bin", "out"]) mkdirSync(join(folder, name));
    chmodSync(out, 0o777);
    const script = `#!/bin/sh\n(env; echo "args $*"; echo "uid $(id -u)") > ${out}/called\nexit 3\n`;
    writeFileSync(join(folder, "bin", "node"), script, { mode: 0o755 });
    const dataDir = join(folder, "data");
    const { status } = spawnSync(ENTRY, ["why", "ord 1"], {
      env: {
        PATH: `${join(folder, "bin")}:/usr/bin:/bin`,
        DATA_DIR: dataDir,
        MAIN_UID: "10001",
        WALLET_MASTER_KEYS: "main-1:secret",
        AWS_SECRET_ACCESS_KEY: "bucket-secret",
        STATE_SECRET: "kept",
      },
    });
    if (status !== 3) throw new Error(`expected the exit code of the command, was ${status}`);
    const isRoot = process.getuid?.() === 0;
    use(readFileSync(join(out, "called"), "utf8"), isRoot ? statSync(dataDir).uid : undefined);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("the image's command line", () => {
  it("is the main process's user, without the keys of wallets and bucket", ({ expect }) => {
    callRaptor((called, dataUid) => {
      expect(called).toContain("args /app/executor/cli/raptor.ts why ord 1");
      expect(called).not.toContain("secret");
      expect(called).toContain("STATE_SECRET=kept");
      if (dataUid === undefined) return;
      expect(called).toContain("uid 10001");
      expect(dataUid).toBe(10_001);
    });
  });
});
