import { join } from "node:path";
import type { Clock } from "@raptor/shared/seams/clock.ts";
import { createNodeNet } from "../server/node-net.ts";
import { createNodeClock } from "../server/node-seams.ts";
import {
  append,
  attemptPrepared,
  fillRecorded,
  jobAccepted,
  openTestStore,
  orderInitialized,
  withDirectory,
} from "../store/store-fixture.ts";
import { runCli } from "./raptor.ts";

/** Waits pass at once: nothing here waits for another process. */
function createHurriedClock(): Clock {
  const clock = createNodeClock();
  let sleptMs = 0;
  return {
    ...clock,
    monotonicMs: () => clock.monotonicMs() + sleptMs,
    async sleep(ms) {
      sleptMs += ms;
    },
  };
}

export interface CliRun {
  code: number;
  lines: string[];
}

/** Runs one command in this process; `env` replaces the environment. */
export async function run(
  env: Readonly<Record<string, string | undefined>>,
  ...argv: string[]
): Promise<CliRun> {
  const lines: string[] = [];
  const code = await runCli(argv, {
    env,
    clock: createHurriedClock(),
    openNet: createNodeNet,
    print: (line) => lines.push(line),
  });
  return { code, lines };
}

export function runIn(directory: string, ...argv: string[]): Promise<CliRun> {
  return run({ DATA_DIR: directory }, ...argv);
}

/** A journal with a bought and an open order, and its store open beside what `use` does. */
export async function withJournal(use: (directory: string) => void | Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    const { store } = openTestStore(join(directory, "journal.db"));
    await append(store, jobAccepted("tg:1:1"), orderInitialized("o1"), attemptPrepared("o1", 1));
    await append(store, fillRecorded("o1", 1), {
      stream: "notice:order:o1",
      kind: "NoticeDelivered",
      payload: { key: "order:o1", chatId: 7, messageId: 44 },
    });
    await append(store, jobAccepted("tg:1:2"), orderInitialized("o2", otherOrder));
    try {
      await use(directory);
    } finally {
      store.close();
    }
  });
}

const otherOrder = { source: { kind: "job" as const, jobId: "tg:1:2" } };
