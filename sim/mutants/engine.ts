import { type Mutant, mutant } from "./mutant.ts";

const DRIVER = "executor/engine/order-driver.ts";
const TRACKER = "executor/engine/attempt-tracker.ts";
const MAY_SEND = "executor/engine/may-send.ts";
const ATTEMPT = "executor/engine/journal-attempt.ts";
const GATE = "executor/engine/entry-gate.ts";

/** Mistakes with attempts: what is sent, when, and what is believed of it. */
export const ENGINE_MUTANTS: readonly Mutant[] = [
  mutant(
    "send-before-journal",
    "freqtrade: create_order first, Trade.commit() after; a crash between leaves an orphan.",
    DRIVER,
    "const { attempt } = prepared;",
    `const { attempt } = prepared;
    const early = { ...attempt, attemptId: attemptIdOf(order.orderId, n) };
    await this.#context.venue.submit(early as never).catch(() => undefined);`,
  ),
  {
    name: "re-sign-when-unknown",
    story: "warp-id: a confirmation that does not come in time is retried with a new blockhash.",
    edits: [
      {
        file: DRIVER,
        find: "const open = attempts.filter(isUnresolved);",
        replace:
          'const open = attempts.filter((one) => isUnresolved(one) && one.state !== "unknown");',
      },
      {
        file: ATTEMPT,
        find: "if (gate !== undefined || tx.unresolvedInSlot(slotOf(order)) === undefined) return gate;",
        replace: 'if (gate !== undefined || order.side === "buy") return gate;',
      },
      {
        file: TRACKER,
        find: 'tx.append({ stream, kind: "AttemptUnknown", payload: { attemptId, cause: detail } });',
        replace:
          'tx.append({ stream, kind: "AttemptUnknown", payload: { attemptId, cause: detail } });\n' +
          "      this.#announce(orderId);",
      },
    ],
  },
  mutant(
    "slot-unchecked",
    "hummingbot #3374: an order whose fate is not known does not hold back the next one.",
    ATTEMPT,
    "if (gate !== undefined || tx.unresolvedInSlot(slotOf(order)) === undefined) return gate;",
    'if (gate !== undefined || order.side === "buy") return gate;',
  ),
  mutant(
    "send-error-is-failure",
    "hummingbot #8457: every error of a submission marks the order as failed, also a timeout.",
    "executor/venues/solana/lanes.ts",
    "if (isComplete && isRefused && refusers >= REFUSERS_MIN) {",
    "if (answered.length > 0) {",
  ),
  mutant(
    "kill-state-checked-too-early",
    "The kill switch is looked at before the route is asked for, not when the attempt is recorded.",
    ATTEMPT,
    "const gate = checkEntryGate(tx, order, nowMs, context.entryHold() ?? lost);",
    "const gate = nowMs < 0 ? checkEntryGate(tx, order, nowMs, lost) : undefined;",
    "switches",
  ),
  mutant(
    "reducing-is-not-halted",
    "A kill switch with two positions of which only one is looked at.",
    GATE,
    'if (control.tradingState !== "active") {',
    'if (control.tradingState === "halted") {',
    "switches",
  ),
  mutant(
    "hold-ignored",
    "Buys go on although the wallet was found to hold less than the ledger says.",
    GATE,
    'if (user.heldReason !== "") return',
    'if (user.heldReason === "nobody") return',
    "held",
  ),
  mutant(
    "deadline-ignored",
    "A buy that waited behind an outage is bought when the outage ends, minutes after the press.",
    GATE,
    "if (order.deadlineMs !== null && nowMs > order.deadlineMs) {",
    "if (order.deadlineMs !== null && nowMs < 0) {",
  ),
  mutant(
    "deadline-closes-undecided",
    "The first prototype: the deadline fails an order whose attempt may still land.",
    DRIVER,
    "if (open.length > 0 && !this.#stuck.isDue(order)) return STOP;",
    `const isLate = order.deadlineMs !== null && this.#context.clock.nowMs() > order.deadlineMs;
    if (open.length > 0 && isLate) return this.#close(order, "expired", "Too late.");
    if (open.length > 0 && !this.#stuck.isDue(order)) return STOP;`,
  ),
  {
    name: "not-found-at-start-is-canceled",
    story:
      "freqtrade: an order that is not found at start is taken for canceled, whatever its age; " +
      "the next try makes a new one instead of sending the same bytes.",
    edits: [
      {
        file: DRIVER,
        find: "const open = attempts.filter(isUnresolved);",
        replace:
          "const open = attempts.filter((one) => isUnresolved(one) && one.submittedMs !== null);",
      },
      {
        file: ATTEMPT,
        find: "if (gate !== undefined || tx.unresolvedInSlot(slotOf(order)) === undefined) return gate;",
        replace: 'if (gate !== undefined || order.side === "buy") return gate;',
      },
    ],
  },
  mutant(
    "recovery-sends-what-is-too-late",
    "After a restart a recorded buy goes out for the first time, past its deadline or the kill.",
    MAY_SEND,
    "const wasSent = attempt.submittedMs !== null;",
    'if (attempt.attemptId !== "") return true;\n    const wasSent = true;',
  ),
  {
    name: "fill-booked-twice",
    story: "NautilusTrader #3046: the same fill is read twice and booked twice.",
    edits: [
      {
        file: TRACKER,
        find: "if (this.#tracking.has(attemptId) || this.#abort.signal.aborted) return;",
        replace: "if (this.#abort.signal.aborted) return;",
      },
      {
        file: TRACKER,
        find: "if (!UNRESOLVED_ATTEMPT_STATES.includes(now.state)) return true;",
        replace: 'if (now.state === "dead") return true;',
      },
    ],
  },
  mutant(
    "reversal-ignored",
    "A fill that a fork took back stays in the books: the position is not there.",
    "executor/engine/settlement.ts",
    "await this.#reverse(fill, found.evidence);",
    'this.#context.log.debug({ fillId: fill.fillId }, "gone");',
    "forks",
  ),
  mutant(
    "reversal-leaves-position",
    "The fill is taken back and the position that it made stays.",
    "executor/engine/settlement.ts",
    "for (const change of changesOf(tx, held, fill)) {",
    "for (const change of changesOf(tx, held, fill).slice(1)) {",
    "forks",
  ),
  mutant(
    "order-ids-not-derived",
    "hummingbot: the id of an order holds a nonce, so recovery makes another one for the same job.",
    "executor/engine/ids.ts",
    "return deriveOrderId(`job|${jobId}|${leg}`);",
    "return deriveOrderId(`job|${jobId}|${leg}|${Math.floor(Date.now() / 2_000)}`);",
  ),
  mutant(
    "spend-without-in-flight",
    "Limits count what was bought and not what may still be bought.",
    "executor/store/spending.ts",
    "total += BigInt(notionalLamports);",
    "total += 0n;",
  ),
  mutant(
    "spend-forgets-fills",
    "Limits count what is under way and forget what was bought.",
    "executor/store/spending.ts",
    "total += BigInt(String(filled));",
    "total += 0n * BigInt(String(filled));",
  ),
  mutant(
    "order-limit-unchecked",
    "A typing slip of one digit is spent in one order.",
    "executor/engine/risk.ts",
    "if (notional > BigInt(limits.notionalLamportsMax)) {",
    "if (notional < 0n) {",
  ),
  mutant(
    "duplicate-fee-cap",
    "The cap on what may leave the wallet is journaled without fees and rent.",
    ATTEMPT,
    "costCapLamports: attempt.costCapLamports.toString(),",
    "costCapLamports: order.notionalLamports,",
  ),
];
