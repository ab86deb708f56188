import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "vitest";
import { ExecutorProcess } from "./executor-process.ts";
import { findFreePorts } from "./ports.ts";
import { createWorldSecrets } from "./secrets.ts";

/** A main process that starts another one, which lives on for a second after it. */
const MAIN = `
import { spawn } from "node:child_process";
import { createServer } from "node:http";
const last = 'setTimeout(() => require("node:fs").writeFileSync(process.env.ENDED, ""), 1_000)';
spawn(process.execPath, ["-e", last], { stdio: ["ignore", "inherit", "inherit"] });
createServer((_, response) => response.end('{"phase":"ready"}')).listen(process.env.PORT);
`;

it("a desk counts as killed only when all that its launcher started has ended", async ({
  expect,
}) => {
  const folder = mkdtempSync(join(tmpdir(), "raptor-killed-"));
  const [ended, mainFile] = [join(folder, "ended"), join(folder, "main.mjs")];
  writeFileSync(mainFile, MAIN);
  const [port = 0] = await findFreePorts(1);
  const desk = new ExecutorProcess({
    env: {
      WALLET_MASTER_KEYS: createWorldSecrets().masterKeys,
      ENDED: ended,
      PORT: String(port),
    },
    port,
    logFile: join(folder, "executor.log"),
    onPids: () => undefined,
    mainFile,
  });
  await desk.start();
  await desk.killAll();
  expect(existsSync(ended)).toBe(true);
  await desk.close();
  rmSync(folder, { recursive: true, force: true });
});
