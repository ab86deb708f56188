import { createJournalInvariants } from "../invariants/journal-invariants.ts";
import { USER, type TestDesk } from "./engine-fixture.ts";
import { openPanic } from "./panic.ts";

/** The press of one person on "sell everything". */
export async function pressPanic(desk: TestDesk, jobId = "tg:1:1"): Promise<void> {
  await desk.transact((tx) => openPanic(tx, USER, jobId, desk.clock.nowMs()));
  const pressed = desk.engine.panic.advance(USER);
  await desk.clock.settle();
  await pressed;
}

/** What the person is told at the end of the last panic; empty before that. */
export function panicDoneText(desk: TestDesk): string {
  const panicId = desk.payloads("PanicClosed").at(-1)?.panicId;
  return desk.store.outbox(`panic:${panicId}:done`)?.content.text ?? "";
}

/** @throws when the journal of the whole story breaks a promise. */
export function expectSound(desk: TestDesk): void {
  const problems: string[] = [];
  const invariants = createJournalInvariants(({ name, detail }) => {
    problems.push(`${name}: ${detail}`);
  });
  for (const event of desk.events()) invariants.take(event);
  invariants.settle();
  if (problems.length > 0) throw new Error(problems.join("\n"));
}
