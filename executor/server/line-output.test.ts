import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, onTestFinished } from "vitest";

const LINES = 20_000;
const BLOCKED_MS = 1_000;

/** A process that logs more than any pipe holds, says on stderr how it fares, and then `end`s. */
function script(end: string): string {
  return `
    const { createNodeClock } = await import(process.argv[1] + "/node-seams.ts");
    const { flushAtExit, LineOutput } = await import(process.argv[1] + "/line-output.ts");
    const { createPinoLog } = await import(process.argv[1] + "/pino-log.ts");
    const output = new LineOutput(1, createNodeClock());
    flushAtExit(output);
    const log = createPinoLog("info", output);
    let lateMs = 0;
    let lastMs = performance.now();
    const timer = setInterval(() => {
      lateMs = Math.max(lateMs, performance.now() - lastMs - 10);
      lastMs = performance.now();
    }, 10);
    for (let n = 0; n < ${LINES}; n++) {
      log.info({ n, padding: "x".repeat(100) }, "line");
      if (n % 1_000 === 999) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await new Promise((resolve) => setTimeout(resolve, ${BLOCKED_MS}));
    clearInterval(timer);
    process.stderr.write(JSON.stringify({ lateMs }) + "\\n");
    ${end}
  `;
}

function start(end: string, stdout: "pipe" | number = "pipe"): ChildProcess {
  const args = ["--input-type=module", "-e", script(end), import.meta.dirname];
  const child = spawn(process.execPath, args, { stdio: ["ignore", stdout, "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function firstLine(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = "";
  for await (const piece of stream ?? []) {
    text += String(piece);
    if (text.includes("\n")) break;
  }
  return text.split("\n")[0] ?? "";
}

interface LogLine {
  n?: number;
  dropped?: number;
}

function parseLines(text: string): LogLine[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as LogLine);
}

describe("a log that nobody reads", () => {
  // Repeated, because a machine with more work than cores makes every timer late.
  it(
    "does not stop the process, and says how much of it was dropped",
    { retry: 3 },
    async ({ expect }) => {
      const child = start("");
      const { lateMs } = JSON.parse(await firstLine(child.stderr)) as { lateMs: number };
      expect(lateMs).toBeLessThan(BLOCKED_MS / 2);
      let text = "";
      child.stdout?.on("data", (piece: Buffer) => (text += piece.toString()));
      await once(child, "close");
      const lines = parseLines(text);
      const kept = lines.flatMap(({ n }) => (n === undefined ? [] : [n]));
      const dropped = lines.reduce((sum, line) => sum + (line.dropped ?? 0), 0);
      expect(kept).toEqual(kept.toSorted((left, right) => left - right));
      expect(kept[0]).toBe(0);
      expect(dropped).toBeGreaterThan(0);
      expect(kept.length + dropped).toBe(LINES);
    },
  );

  it("does not keep a process from ending", async ({ expect }) => {
    const child = start("process.exit(1);");
    await firstLine(child.stderr);
    const startMs = performance.now();
    const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
    // Nobody reads: a process that waited for that would never end.
    expect(performance.now() - startMs).toBeLessThan(15_000);
    expect([code, signal]).not.toEqual([0, null]);
  });
});

describe("a log that is read", () => {
  it("has every line once and in order, the last words before an exit too", async ({ expect }) => {
    const directory = mkdtempSync(join(tmpdir(), "raptor-log-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const path = join(directory, "log");
    const file = openSync(path, "w");
    const child = start(`log.error({ n: ${LINES} }, "fatal"); process.exit(1);`, file);
    closeSync(file);
    const [code] = (await once(child, "exit")) as [number | null];
    expect(code).toBe(1);
    const lines = parseLines(readFileSync(path, "utf8"));
    expect(lines.map(({ n }) => n)).toEqual(Array.from({ length: LINES + 1 }, (_, n) => n));
  });
});
