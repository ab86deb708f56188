import type { JournalEvent } from "@raptor/shared/domain/events.ts";
import { storySteps } from "../engine/describe-event.ts";

const KIND_WIDTH = 19;

/** One event in one line: when, which, what it means. */
export function describeEvent(event: JournalEvent): string {
  const [step] = storySteps([event]);
  const time = new Date(event.tsMs).toISOString();
  return `${time}  #${event.seq}  ${event.kind.padEnd(KIND_WIDTH)} ${step?.meaning ?? ""}`;
}
