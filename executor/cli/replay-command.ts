import { join } from "node:path";
import { EXIT, JOURNAL_FILE, type Command, type ExitCode } from "./command.ts";
import { replayJournal } from "./replay.ts";

/** Decides everything again and names what comes out differently. */
export function runReplay({ dataDir, print }: Command): ExitCode {
  const report = replayJournal(join(dataDir, JOURNAL_FILE));
  const { events, decisions, differences, more, brokenBy } = report;
  for (const { seq, kind, rule, detail } of differences) {
    print(`DIFFERENT at event ${seq} (${kind}), ${rule}: ${detail}`);
  }
  if (more > 0) print(`and ${more} more`);
  if (brokenBy !== null) {
    print(`the replay ended at event ${brokenBy.seq}, which does not fit: ${brokenBy.detail}`);
  }
  const counts = Object.entries(decisions).map(([rule, count]) => `${rule} ${count}`);
  print(`${events} events, decided again: ${counts.join(", ")}`);
  if (differences.length > 0 || brokenBy !== null) return EXIT.problem;
  print("every decision comes out as it did");
  return EXIT.fine;
}
