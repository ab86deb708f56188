import { existsSync } from "node:fs";
import { join } from "node:path";
import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import { explainId } from "../store/explain.ts";
import { verifyJournal, type VerifyProblem } from "../store/verify.ts";
import { describeEvent } from "./describe-event.ts";

const JOURNAL_FILE = "journal.db";

const USAGE = `usage: raptor <command> [--data DIR]

  verify      fold the journal again from its first event and compare every table
  why <id>    tell the story of a job, ticket, order, attempt, signature, fill or position

DIR is the executor's data directory; without it the DATA_DIR setting is used.
Both commands only read and may run beside the executor.`;

/** What the terminal gives, so that tests need no process. */
export interface CliSeams {
  dataDir: string | undefined;
  print(line: string): void;
}

/** Runs one command. @returns the exit code: 0 fine, 1 a problem was found, 2 wrong usage. */
export function runCli(argv: readonly string[], seams: CliSeams): number {
  const { words, dataDir } = parseArguments(argv, seams.dataDir);
  const [command, id] = words;
  const isVerify = command === "verify" && words.length === 1;
  const isWhy = command === "why" && words.length === 2;
  if ((!isVerify && !isWhy) || dataDir === undefined) {
    seams.print(USAGE);
    return 2;
  }
  const path = join(dataDir, JOURNAL_FILE);
  if (!existsSync(path)) {
    seams.print(`there is no journal at ${path}`);
    return 2;
  }
  try {
    return isVerify ? runVerify(path, seams) : runWhy(path, id ?? "", seams);
  } catch (error) {
    if (!isRaptorError(error)) throw error;
    seams.print(`${error.code}: ${error.message}`);
    return 1;
  }
}

function parseArguments(
  argv: readonly string[],
  fallback: string | undefined,
): { words: string[]; dataDir: string | undefined } {
  const words: string[] = [];
  let dataDir = fallback;
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] as string;
    if (word === "--data") dataDir = argv[++index];
    else words.push(word);
  }
  return { words, dataDir };
}

function runVerify(path: string, seams: CliSeams): number {
  const report = verifyJournal(path);
  if (report.problem === null && report.violation !== null) {
    const { seq, name, detail } = report.violation;
    seams.print(`the journal is whole, but at event ${seq} it breaks invariant ${name}: ${detail}`);
    return 1;
  }
  if (report.problem === null) {
    seams.print(
      `the journal holds: ${report.events} events, ${report.rows} rows, head ${report.headHash}`,
    );
    return 0;
  }
  seams.print(`the journal does NOT hold after ${report.events} good events`);
  seams.print(problemText(report.problem));
  return 1;
}

function problemText(problem: VerifyProblem): string {
  switch (problem.kind) {
    case "hole":
      return `event ${problem.expectedSeq} is missing, the next one is ${problem.seq}`;
    case "chain":
      return `the hash chain breaks at event ${problem.seq}: ${problem.detail}`;
    case "event":
      return `event ${problem.seq}: ${problem.detail}`;
    case "row":
      return `table ${problem.table}, row ${problem.key}: ${problem.detail}`;
  }
}

function runWhy(path: string, id: string, seams: CliSeams): number {
  const events = explainId(path, id);
  if (events.length === 0) {
    seams.print(`nothing in the journal is known by ${id}`);
    return 1;
  }
  for (const event of events) seams.print(describeEvent(event));
  return 0;
}

if (import.meta.main) {
  process.exitCode = runCli(process.argv.slice(2), {
    dataDir: process.env["DATA_DIR"],
    print: (line) => process.stdout.write(`${line}\n`),
  });
}
