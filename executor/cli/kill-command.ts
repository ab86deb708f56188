import { join } from "node:path";
import { z } from "zod";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { haltByOperator } from "../engine/operator-halt.ts";
import { OPERATOR_REASON_CHARS_MAX } from "../ports/operator.ts";
import type { Tx } from "../ports/store.ts";
import { holdExecutorLock } from "../store/lock.ts";
import { openStore } from "../store/sqlite-store.ts";
import { EXIT, LOCK_FILE, type Command, type ExitCode } from "./command.ts";
import { storeOptionsOf } from "./maintenance-commands.ts";
import { askOperator } from "./operator-client.ts";

/** Who starts holds the lock before listening; who ends stops listening before letting go of it. */
const PATIENCE_MS = 20_000;
const RETRY_MS = 200;

const linesSchema = z.object({ lines: z.array(z.string()) });
const adminsSchema = z.string().transform((text) =>
  text
    .split(",")
    .map((part) => Number(part.trim()))
    .filter((id) => Number.isSafeInteger(id) && id > 0),
);

/** Halts all entries, with or without a running executor. Says so only after the commit. */
export async function runKill(command: Command): Promise<ExitCode> {
  const { clock, print, dataDir } = command;
  const reason = command.words.join(" ").trim() || "raptor kill";
  if (reason.length > OPERATOR_REASON_CHARS_MAX) {
    print(`the reason may have at most ${OPERATOR_REASON_CHARS_MAX} characters`);
    return EXIT.usage;
  }
  const isPanic = command.has("panic");
  if (isPanic && !command.has("yes")) {
    print("kill --panic sells everything of everybody at market; add --yes if that is meant");
    return EXIT.usage;
  }
  const untilMs = clock.monotonicMs() + PATIENCE_MS;
  for (;;) {
    const reply = await askOperator(dataDir, { cmd: "kill", reason, panic: isPanic });
    if (reply.kind === "answer") return tellAnswer(command, reply.answer);
    if (reply.kind === "silent") {
      print(`the executor took the request and did not confirm it: ${reply.cause}`);
      print("It may have happened: run `raptor status`, and kill again if it says active.");
      return EXIT.failed;
    }
    const code = await killAlone(command, reason, isPanic);
    if (code !== "locked") return code;
    if (clock.monotonicMs() > untilMs) break;
    await clock.sleep(RETRY_MS);
  }
  print("an executor holds the lock and does not listen; nothing was changed");
  print("Send /kill in Telegram, or stop the Machine (exits stop too) and run this again.");
  return EXIT.failed;
}

function tellAnswer(
  { print }: Command,
  answer: { ok: true; result: unknown } | { ok: false; problem: string },
): ExitCode {
  const result = answer.ok ? linesSchema.safeParse(answer.result) : undefined;
  if (result?.success === true) {
    for (const line of result.data.lines) print(line);
    return EXIT.fine;
  }
  print(`nothing was changed: ${answer.ok ? "an unknown answer" : answer.problem}`);
  return EXIT.failed;
}

/** No executor runs: this process is the one writer for a moment. */
async function killAlone(
  command: Command,
  reason: string,
  isPanic: boolean,
): Promise<ExitCode | "locked"> {
  const { dataDir, clock, env, print } = command;
  let lock: ReturnType<typeof holdExecutorLock>;
  try {
    lock = holdExecutorLock(join(dataDir, LOCK_FILE));
  } catch (error) {
    if (isRaptorError(error, "RAPTOR_JOURNAL__LOCKED")) return "locked";
    throw error;
  }
  try {
    const store = openStore(storeOptionsOf(command));
    try {
      const lines = await store.transact((tx) => {
        const halted = haltByOperator(tx, { reason, isPanic, nowMs: clock.nowMs() });
        announce(tx, env["ADMIN_USER_IDS"], halted);
        return halted.lines;
      });
      for (const line of lines) print(line);
      print("No executor runs here now; it finds this when it starts, and tells the admins then.");
      return EXIT.fine;
    } finally {
      store.close();
    }
  } finally {
    lock.release();
  }
}

/** A plain message: buttons are made with a key that only the executor has. */
function announce(
  tx: Tx,
  admins: string | undefined,
  halted: { key: string; lines: readonly string[] },
): void {
  const [title = "", ...rest] = halted.lines;
  const content = {
    text: [title, ...rest].join("\n"),
    entities: [{ type: "bold" as const, offset: 0, length: title.length }],
    keyboard: [],
  };
  for (const userId of adminsSchema.parse(admins ?? "")) {
    const user = tx.user(userId);
    if (user === undefined) continue;
    const key = `${halted.key}:${userId}`;
    tx.putOutbox({ key, chatId: user.chatId, content, view: { kind: "notice" } });
  }
}
