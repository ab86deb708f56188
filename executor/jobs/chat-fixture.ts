import type { Job } from "@raptor/shared/wire/job.ts";
import { MINT, USER } from "../engine/engine-fixture.ts";
import type { NavTarget } from "../screens/screen.ts";
import type { JobDesk } from "./jobs-fixture.ts";

/** Runs a job to its end and gives the text of the message that answers it. */
export async function say(jobs: JobDesk, job: Job): Promise<string> {
  const { status } = await jobs.accept(job);
  if (status !== 202) throw new Error(`expected 202, was ${status}`);
  if (jobs.desk.store.job(job.id)?.state !== "done") throw new Error("expected a finished job");
  return jobs.desk.store.outbox(`job:${job.id}`)?.content.text ?? "";
}

/** Tells the store that a message was delivered as this one, as the outbox does. */
export function delivered(jobs: JobDesk, key: string, messageId: number): Promise<void> {
  const version = jobs.desk.store.outbox(key)?.version ?? 0;
  return jobs.desk.transact((tx) => tx.markOutboxDelivered(key, version, messageId));
}

/** A token card stands in the chat as message 5. */
export async function showTokenCard(jobs: JobDesk): Promise<void> {
  const job = { ...jobs.head(), kind: "showToken", mint: MINT } as const;
  await say(jobs, job);
  await delivered(jobs, `job:${job.id}`, 5);
}

export async function navigation(jobs: JobDesk, nav: NavTarget): Promise<string> {
  const rows = [[{ text: "go", nav }]];
  const content = await jobs.desk.transact((tx) =>
    jobs.desk.engine.tickets.issue(tx, USER, USER, { text: "", entities: [], rows }),
  );
  const [button] = content.keyboard[0] ?? [];
  if (button === undefined || !("callbackData" in button)) throw new Error("expected a button");
  return button.callbackData;
}
