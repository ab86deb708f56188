import { connect } from "node:net";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";
import type { Log } from "@raptor/shared/seams/log.ts";
import { askOperator } from "../cli/operator-client.ts";
import { OPERATOR_SOCKET_FILE, type OperatorAnswer } from "../ports/operator.ts";
import { quietLog, withDirectory } from "../store/store-fixture.ts";
import { startOperatorSocket } from "./operator-socket.ts";

async function withSocket(
  answer: (text: string) => Promise<OperatorAnswer>,
  use: (directory: string) => Promise<void>,
): Promise<void> {
  await withDirectory(async (directory) => {
    const path = join(directory, OPERATOR_SOCKET_FILE);
    const fatal: unknown[] = [];
    const onFatal = (error: unknown): void => void fatal.push(error);
    const socket = await startOperatorSocket({ path, log: quietLog, answer, onFatal });
    try {
      await use(directory);
    } finally {
      await socket.close();
    }
    if (fatal.length > 0) throw fatal[0];
  });
}

function sendRaw(directory: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    const socket = connect(join(directory, OPERATOR_SOCKET_FILE), () => socket.end(text));
    socket.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
    socket.once("close", () => resolve(said)).once("error", reject);
  });
}

const echo = (text: string): Promise<OperatorAnswer> => Promise.resolve({ ok: true, result: text });

describe("the machine's own door", () => {
  it("takes one request and gives one answer", async ({ expect }) => {
    await withSocket(echo, async (directory) => {
      const reply = await askOperator(directory, { cmd: "status" });
      expect(reply).toEqual({ kind: "answer", answer: { ok: true, result: '{"cmd":"status"}' } });
    });
  });

  it("is open to its owner alone", async ({ expect }) => {
    await withSocket(echo, async (directory) => {
      const { mode } = statSync(join(directory, OPERATOR_SOCKET_FILE));
      expect((mode & 0o777).toString(8)).toBe("600");
    });
  });

  it("takes the place of what a dead process left behind", async ({ expect }) => {
    await withDirectory(async (directory) => {
      const path = join(directory, OPERATOR_SOCKET_FILE);
      writeFileSync(path, "");
      const options = { path, log: quietLog, answer: echo, onFatal: () => {} };
      const socket = await startOperatorSocket(options);
      expect((await askOperator(directory, { cmd: "status" })).kind).toBe("answer");
      await socket.close();
      expect((await askOperator(directory, { cmd: "status" })).kind).toBe("absent");
    });
  });

  it("refuses a request without an end and drops one without a line", async ({ expect }) => {
    await withSocket(echo, async (directory) => {
      expect(await sendRaw(directory, "x".repeat(5_000))).toContain("too long");
      expect(await sendRaw(directory, "no line")).toBe("");
      expect((await askOperator(directory, { cmd: "status" })).kind).toBe("answer");
    });
  });

  it("goes on without a door when it cannot be opened, and says so", async ({ expect }) => {
    const told: string[] = [];
    const log: Log = { ...quietLog, error: (_, message) => void told.push(message) };
    const path = "/nowhere/raptor.sock";
    const socket = await startOperatorSocket({ path, log, answer: echo, onFatal: () => {} });
    expect(told).toEqual(["the command line cannot reach this process, its socket is not open"]);
    await socket.close();
  });

  it("calls an answer that never came silent, because it may have happened", async ({ expect }) => {
    const asked = Promise.withResolvers<void>();
    const answer = (): Promise<OperatorAnswer> => {
      asked.resolve();
      return new Promise(() => {});
    };
    await withDirectory(async (directory) => {
      const path = join(directory, OPERATOR_SOCKET_FILE);
      const socket = await startOperatorSocket({ path, log: quietLog, answer, onFatal: () => {} });
      const told = askOperator(directory, { cmd: "kill", reason: "r", panic: false });
      await asked.promise;
      void socket.close();
      expect((await told).kind).toBe("silent");
    });
  });
});
