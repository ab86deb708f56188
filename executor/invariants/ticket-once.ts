import type { EventPayloads } from "@raptor/shared/domain/events.ts";
import type { Invariant, Report } from "./invariant.ts";

/** `prompt:<chat>:<message>`: claimed by the answer and not by a press. */
const PROMPT = "prompt:";

/**
 * Invariant 2: a button that moves money works once, whoever delivers its press how often; and the
 * press is accepted together with its claim or not at all. A question that asks for an amount is
 * answered once in the same way, by what somebody says.
 */
export function createTicketOnce(report: Report): Invariant {
  const jobOfTicket = new Map<string, string>();
  const claimOfTicket = new Map<string, string>();
  /** Tickets of accepted presses whose claim has not been seen yet. */
  const unclaimed = new Map<string, string>();

  function noteAccepted({ jobId, job }: EventPayloads["JobAccepted"]): void {
    if (job.kind !== "press" || job.ticket === "") return;
    const known = jobOfTicket.get(job.ticket);
    if (known !== undefined) report(`a ticket was accepted twice: by ${known} and by ${jobId}`);
    jobOfTicket.set(job.ticket, jobId);
    unclaimed.set(job.ticket, jobId);
  }

  function noteClaim({ ticket, jobId }: EventPayloads["TicketClaimed"]): void {
    const known = claimOfTicket.get(ticket);
    if (known !== undefined) report(`a ticket was claimed twice: by ${known} and by ${jobId}`);
    if (jobOfTicket.get(ticket) !== jobId && !ticket.startsWith(PROMPT)) {
      report(`${jobId} claimed a ticket that it did not press`);
    }
    claimOfTicket.set(ticket, jobId);
    unclaimed.delete(ticket);
  }

  return {
    name: "2 ticket once",
    take({ kind, payload }) {
      if (kind === "JobAccepted") noteAccepted(payload);
      if (kind === "TicketClaimed") noteClaim(payload);
    },
    settle() {
      for (const jobId of unclaimed.values()) {
        report(`${jobId} was accepted without claiming its ticket`);
      }
      unclaimed.clear();
    },
  };
}
