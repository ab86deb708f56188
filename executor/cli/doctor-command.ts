import { existsSync } from "node:fs";
import { join } from "node:path";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { parseExecutorEnv, type ExecutorEnv } from "../env.ts";
import { withJournalReader } from "../store/read-journal.ts";
import { EXIT, JOURNAL_FILE, type Command, type ExitCode } from "./command.ts";
import { checkLanes } from "./doctor-lanes.ts";
import { checkDisk, checkHolder, checkJournal, checkSqlite } from "./doctor-machine.ts";
import type { Finding } from "./doctor-machine.ts";
import { checkJupiter, checkNodes, checkPostgres } from "./doctor-services.ts";
import { checkSchedule, checkTelegram } from "./doctor-services.ts";

/** Looks at everything that a desk needs, one line each; `--fix` mends schedule and webhook. */
export async function runDoctor(command: Command): Promise<ExitCode> {
  const { dataDir, print, clock } = command;
  let problems = 0;
  const tell = (findings: readonly Finding[]): void => {
    for (const { name, ok, detail, todo } of findings) {
      print(`${ok ? "ok     " : "PROBLEM"}  ${name}: ${detail}`);
      if (todo !== undefined) print(`         what to do: ${todo}`);
      if (!ok) problems++;
    }
  };
  const { env, findings } = readSettings(command);
  tell(findings);
  tell([checkDisk(dataDir), checkSqlite(), await checkHolder(dataDir), ...checkJournal(dataDir)]);
  if (env === undefined) {
    print("the services were not asked: their settings are not known");
  } else {
    const net = command.openNet();
    try {
      const deps = { env, net, clock, isFixing: command.has("fix") };
      tell(await checkNodes(deps));
      tell([await checkJupiter(deps)]);
      tell(await checkLanes(deps));
      tell(await checkTelegram(deps));
      tell([await checkSchedule(deps)]);
      tell(await checkPostgres(deps, headSeqOf(dataDir)));
    } finally {
      net.close();
    }
  }
  print(problems === 0 ? "all is well" : `${problems} problems`);
  return problems === 0 ? EXIT.fine : EXIT.problem;
}

/** All problems at once, by name and never by value. */
function readSettings(command: Command): { env: ExecutorEnv | undefined; findings: Finding[] } {
  try {
    const env = parseExecutorEnv({ ...command.env, DATA_DIR: command.dataDir });
    return { env, findings: [{ name: "settings", ok: true, detail: "valid" }] };
  } catch (error) {
    if (!isRaptorError(error, "RAPTOR_ENV__INVALID")) throw error;
    const problems = String(error.context["problems"]).split(" | ");
    const todo = "docs/settings.md has every setting with its meaning";
    const findings = problems.map((detail) => ({ name: "settings", ok: false, detail, todo }));
    return { env: undefined, findings };
  }
}

function headSeqOf(dataDir: string): number | undefined {
  const path = join(dataDir, JOURNAL_FILE);
  return existsSync(path) ? withJournalReader(path, (reader) => reader.headSeq()) : undefined;
}
