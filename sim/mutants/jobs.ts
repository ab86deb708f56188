import { type Mutant, mutant } from "./mutant.ts";

const ADMISSION = "executor/jobs/admission.ts";
const INTAKE = "executor/jobs/intake.ts";

/** Mistakes in taking jobs, tickets and switches. */
export const JOBS_MUTANTS: readonly Mutant[] = [
  mutant(
    "no-job-dedupe",
    "hummingbot #720, #1663: the same command, delivered again, is carried out again.",
    INTAKE,
    "if (known !== undefined) {",
    "if (known !== undefined && known.digest !== digest) {",
  ),
  mutant(
    "ack-before-journal",
    "Says that a job is taken while its record is still on the way to the disk.",
    INTAKE,
    "decision = await store.transact((tx) => this.#decide(tx, job, { digest, isRedelivered }));",
    `decision = { kind: "duplicate", outcome: null, refused: false };
      void store
        .transact((tx) => this.#decide(tx, job, { digest, isRedelivered }))
        .then((made) => this.#answer(job, made), () => undefined);`,
  ),
  mutant(
    "ticket-not-claimed",
    "condor: the button that trades has no key of its own, so every press of it trades.",
    ADMISSION,
    'inner.append({ stream: `job:${job.id}`, kind: "TicketClaimed", payload });',
    "void payload;",
  ),
  mutant(
    "ticket-claimed-apart",
    "The ticket is claimed in a transaction after the one that accepts the press.",
    INTAKE,
    "admission.apply(tx);",
    "void this.#deps.store.transact((later) => admission.apply(later));",
  ),
  mutant(
    "ticket-works-twice",
    "gateway: a quote that did not succeed at once stays valid and is executed a second time.",
    ADMISSION,
    "if (claim !== undefined && claim.jobId !== job.id) {",
    "if (claim !== undefined && claim.jobId === job.id) {",
  ),
  {
    name: "ticket-of-another-person",
    story: "Growtradebot: buttons are shared between people; one spends the other's money.",
    edits: [
      {
        file: ADMISSION,
        find: "if (!isOwner || actor.chatId !== ticket.chatId) {",
        replace: "if (!isOwner && actor.chatId === ticket.chatId) {",
      },
      {
        file: ADMISSION,
        find: "!this.#tickets.isGenuine(chatId, data)",
        replace: "!this.#tickets.isGenuine(chatId, data) && data.ticket === undefined",
      },
    ],
  },
  mutant(
    "late-job-executed",
    "QStash delivers a buy hours after it was typed, and it is bought at that hour's price.",
    ADMISSION,
    "if (late) {",
    'if (late && job.kind === "reconcile") {',
  ),
  mutant(
    "accepted-job-forgotten",
    "pumpfun bot: what had begun lives in memory only; after a restart nobody goes on with it.",
    INTAKE,
    "for (const row of pending) if (row.job !== null) this.#run(row.job);",
    "for (const row of pending) if (row.outcome !== null && row.job !== null) this.#run(row.job);",
  ),
  mutant(
    "late-resume-undoes-pause",
    "A /resume that was on its way undoes the pause that came after it.",
    "executor/jobs/switches.ts",
    "if (!paused && isOvertaken) {",
    'if (!paused && isOvertaken && job.kind === "reconcile") {',
    "switches",
  ),
];
