import { closeSync, readFileSync } from "node:fs";
import { Socket } from "node:net";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { createSignerCore } from "./core.ts";
import { parseMasterKeys } from "./master-keys.ts";
import { serveSigner } from "./serve.ts";
import { wipe } from "./wipe.ts";

/**
 * The signer's own process. Descriptors, all from the launcher: 3 carries the master keys and ends,
 * 4 is the pipe to the main process, 5 stays silent until the launcher is gone.
 */
const KEYS_FD = 3;
const REQUESTS_FD = 4;
const LAUNCHER_FD = 5;
const IDLE_CHECK_MS = 30_000;

function run(): void {
  // Ctrl-C reaches the whole process group; the signer ends with its pipes, after the drain.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
  const core = createSignerCore({ masterKeys: readMasterKeys() });
  const requests = new Socket({ fd: REQUESTS_FD, readable: true, writable: true });
  const launcher = new Socket({ fd: LAUNCHER_FD, readable: true, writable: true });
  for (const pipe of [requests, launcher]) {
    pipe.on("error", () => pipe.destroy());
    pipe.on("close", () => process.exit(0));
  }
  launcher.resume();
  serveSigner(requests, core);
  setInterval(() => core.closeIdleKeys(), IDLE_CHECK_MS).unref();
}

function readMasterKeys() {
  const bytes = readFileSync(KEYS_FD);
  closeSync(KEYS_FD);
  try {
    return parseMasterKeys(bytes.toString("utf8"));
  } finally {
    wipe(bytes);
  }
}

try {
  run();
} catch (error) {
  // Only our own errors are known to be free of secrets.
  const msg = isRaptorError(error) ? error.message : "the signer cannot start";
  process.stderr.write(`${JSON.stringify({ level: "error", role: "signer", msg })}\n`);
  process.exit(1);
}
