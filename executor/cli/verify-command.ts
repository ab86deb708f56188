import { join } from "node:path";
import { verifyJournal, type VerifyProblem, type VerifyReport } from "../store/verify.ts";
import { EXIT, JOURNAL_FILE, type Command, type ExitCode } from "./command.ts";

/** Folds the journal again and names the first thing that does not hold. */
export function runVerify({ dataDir, print }: Command): ExitCode {
  return tellVerified(verifyJournal(join(dataDir, JOURNAL_FILE)), print);
}

export function tellVerified(report: VerifyReport, print: (line: string) => void): ExitCode {
  const { problem, violation, events, rows, headHash } = report;
  if (problem !== null) {
    print(`the journal does NOT hold after ${events} good events`);
    print(problemText(problem));
    return EXIT.problem;
  }
  if (violation !== null) {
    const { seq, name, detail } = violation;
    print(`the journal is whole, but at event ${seq} it breaks invariant ${name}: ${detail}`);
    return EXIT.problem;
  }
  print(`the journal holds: ${events} events, ${rows} rows, head ${headHash}`);
  return EXIT.fine;
}

function problemText(problem: VerifyProblem): string {
  switch (problem.kind) {
    case "hole":
      return `event ${problem.expectedSeq} is missing, the next one is ${problem.seq}`;
    case "chain":
      return `the hash chain breaks at event ${problem.seq}: ${problem.detail}`;
    case "event":
      return `event ${problem.seq}: ${problem.detail}`;
    case "file":
      return `the file is damaged: ${problem.detail}`;
    case "text":
      return `a text that somebody wrote is not the one of digest ${problem.digest}`;
    case "row":
      return `table ${problem.table}, row ${problem.key}: ${problem.detail}`;
  }
}
