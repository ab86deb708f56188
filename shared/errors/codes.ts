/**
 * Every operating error of Raptor, by stable code. Append only: a code keeps its meaning for ever.
 * The text is static and free of secrets; details go into the error's context.
 */
export const ERROR_TEXTS = {
  RAPTOR_ENV__INVALID: "the environment holds settings that cannot be used",
  RAPTOR_JOURNAL__FULL: "the disk is full, nothing new can be recorded",
  RAPTOR_JOURNAL__READ_ONLY: "the journal cannot be written",
  RAPTOR_JOURNAL__BROKEN_CHAIN: "the journal's hash chain does not hold",
  RAPTOR_JOURNAL__VERSION: "the journal belongs to another release",
  RAPTOR_JOURNAL__LOCKED: "another executor holds this data directory",
  RAPTOR_SIGNER__REFUSED: "the signer refused the transaction",
  RAPTOR_SIGNER__GONE: "the signer process is not there",
  RAPTOR_SIGNER__BAD_REQUEST: "the signer did not understand the request",
  RAPTOR_VENUE__NO_ROUTE: "the venue offers no route for this order",
  RAPTOR_VENUE__BAD_ANSWER: "the venue's answer cannot be used",
  RAPTOR_VENUE__UNAVAILABLE: "the venue cannot be reached",
  RAPTOR_VENUE__RATE_LIMITED: "the venue asked us to slow down",
  RAPTOR_VENUE__INSUFFICIENT_FUNDS: "the wallet does not hold enough for this order",
  RAPTOR_NOTIFY__REJECTED: "Telegram refused the message",
  RAPTOR_WIRE__INVALID: "the message does not have the agreed shape",
  RAPTOR_EDGE__EXECUTOR_UNREACHABLE: "the executor cannot be reached",
  RAPTOR_EDGE__QUEUE_UNAVAILABLE: "the queue cannot be reached",
  RAPTOR_JOURNAL__BUSY: "the journal cannot be written while another program holds its lock",
  RAPTOR_POSTGRES__LOST: "the connection to Postgres is lost",
  RAPTOR_POSTGRES__REFUSED: "Postgres refused the request",
  RAPTOR_JOURNAL__DAMAGED: "the journal file is damaged",
  RAPTOR_JOURNAL__IO_FAILED: "the disk of the journal failed",
  RAPTOR_JOURNAL__BEHIND: "the journal is older than its copy elsewhere",
  RAPTOR_LEASE__CONTESTED: "the lease could not be handed over",
  RAPTOR_LEASE__FENCED: "another executor has taken over",
  RAPTOR_RESTORE__REFUSED: "the journal was not put back",
  RAPTOR_LEASE__IN_DOUBT: "it is not certain that it is this executor's turn to sign",
  RAPTOR_VENUE__TOO_SMALL: "the order is too small to bring anything",
} as const;

export type ErrorCode = keyof typeof ERROR_TEXTS;
