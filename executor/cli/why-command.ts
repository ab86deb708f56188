import { join } from "node:path";
import { storySteps, type StoryStep } from "../engine/describe-event.ts";
import { withJournalReader } from "../store/read-journal.ts";
import { EXIT, JOURNAL_FILE, type Command, type ExitCode } from "./command.ts";
import { isoOf } from "./look-commands.ts";

const KIND_WIDTH = 19;
const AGE_WIDTH = 11;

/** The chain of events that an id belongs to, with the time from each step to the next. */
export function runWhy({ dataDir, words, print }: Command): ExitCode {
  const id = words[0] ?? "";
  const events = withJournalReader(join(dataDir, JOURNAL_FILE), (reader) => reader.storyOf(id));
  if (events.length === 0) {
    print(`nothing in the journal is known by ${id}`);
    return EXIT.problem;
  }
  for (const step of storySteps(events)) print(lineOf(step));
  return EXIT.fine;
}

function lineOf({ seq, tsMs, sinceMs, kind, meaning }: StoryStep): string {
  const age = ageOf(sinceMs).padStart(AGE_WIDTH);
  return `${isoOf(tsMs)} ${age}  #${seq}  ${kind.padEnd(KIND_WIDTH)} ${meaning}`;
}

/** In the unit that a person counts in. */
function ageOf(ms: number): string {
  const seconds = Math.abs(ms) / 1_000;
  const sign = ms < 0 ? "-" : "+";
  if (seconds < 60) return `${sign}${seconds.toFixed(3)}s`;
  if (seconds < 3_600) return `${sign}${(seconds / 60).toFixed(1)}min`;
  if (seconds < 172_800) return `${sign}${(seconds / 3_600).toFixed(1)}h`;
  return `${sign}${(seconds / 86_400).toFixed(1)}d`;
}
