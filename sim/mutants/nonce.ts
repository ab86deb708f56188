import { type Mutant, mutant } from "./mutant.ts";

const LANDING = "executor/engine/landing.ts";
const NONCES = "executor/engine/nonce-accounts.ts";
const ATTEMPT = "executor/engine/journal-attempt.ts";
const VOID = "executor/venues/solana/prepare-void.ts";

/** Mistakes with attempts that exclude each other by a durable nonce. */
export const NONCE_MUTANTS: readonly Mutant[] = [
  {
    name: "siblings-dead-before-settlement",
    story: "One copy is confirmed and the others are called dead, though a fork may exchange them.",
    edits: [
      {
        file: LANDING,
        find: "import { isFinalRevert, openSiblingsOf, rivalFillOf }",
        replace: "import { buryGroup, isFinalRevert, openSiblingsOf, rivalFillOf }",
      },
      {
        file: LANDING,
        find: "bookFill(context, tx, order, attempt, landed);\n    return [];",
        replace:
          "bookFill(context, tx, order, attempt, landed);\n" +
          '    return buryGroup(context, tx, attempt, "filled", { confirmed: true });',
      },
    ],
  },
  mutant(
    "revert-counts-before-it-is-final",
    "A copy that reverted on a fork ends the group, and another copy lands afterwards.",
    LANDING,
    'if (report.state === "reverted") {',
    'if (report.state === "reverted") {\n    if (attempt.attemptId !== "") return false;',
    "whipsaw",
  ),
  {
    name: "replacement-on-another-nonce",
    story: "A stuck exit is replaced on another nonce while the first may land: it sells twice.",
    edits: [
      {
        file: "executor/engine/attempt-lifetime.ts",
        find: "if (group !== undefined) return joinOf(store, order, group);",
        replace:
          "const free = freeNonceOf(store, order.walletId, clock.nowMs(), without);\n" +
          "    if (group !== undefined && free === undefined) {\n" +
          "      return joinOf(store, order, group);\n    }",
      },
      {
        file: ATTEMPT,
        find: "if (joins === undefined || group === undefined) return joins === undefined && group === undefined;",
        replace: "if (joins === undefined || group === undefined) return true;",
      },
    ],
  },
  {
    name: "nonce-shared-by-two-positions",
    story: "An account that an undecided exit stands on is given to another one: one never sells.",
    edits: [
      {
        file: NONCES,
        find: "!isUnresolved(attempt) && reader.fillOfAttempt(attempt.attemptId)?.state",
        replace: "reader.fillOfAttempt(attempt.attemptId)?.state",
      },
      {
        file: ATTEMPT,
        find: "if (isValueSpent(tx, exclusionGroup) || group.some(isUnresolved)) return false;",
        replace: "if (isValueSpent(tx, exclusionGroup)) return false;",
      },
    ],
    theme: "whipsaw",
  },
  mutant(
    "nonce-moved-on-is-death",
    "The value moved on and no node shows ours: it is called dead, though it may be what moved it.",
    "executor/venues/solana/fetch-attempt.ts",
    "if (!isAdvanced || !spenderLooks.isDue(signature)) return",
    `if (isAdvanced) return { state: "dead", proof: { detail } };
  if (!isAdvanced || !spenderLooks.isDue(signature)) return`,
  ),
  mutant(
    "void-forgotten",
    "A buy that died between its record and its sending, past its deadline, stays open for good.",
    "executor/engine/order-driver.ts",
    "open.length > 0 ? await this.#voids.advance(order) : undefined",
    'order.side === "buy" ? undefined : await this.#voids.advance(order)',
  ),
  {
    name: "void-of-another-value",
    story: "The void uses another nonce up, and the buy is called dead though it may still land.",
    edits: [
      {
        file: VOID,
        find: 'import { advanceNonce } from "./nonce-instructions.ts";',
        replace:
          'import { advanceNonce } from "./nonce-instructions.ts";\n' +
          'import { deriveNonceAddress, nonceIndexOf } from "./nonce-account.ts";',
      },
      {
        file: VOID,
        find: "    ...wanted,\n",
        replace:
          "    value: null,\n" +
          "    account: deriveNonceAddress(address, 1 - (nonceIndexOf(address, wanted.account) % 2)),\n",
      },
      {
        file: VOID,
        find: "exclusionGroup: `nonce:${account}:${value}`,",
        replace: "exclusionGroup: `nonce:${wanted.account}:${wanted.value}`,",
      },
    ],
  },
  mutant(
    "void-counts-as-fill",
    "Whatever lands of a buy's group is booked as the buy: a position of tokens that nobody has.",
    "executor/engine/attempt-tracker.ts",
    'if (report.state === "landed") {\n        ended',
    'if (report.state === "voided") {\n' +
      "        const told = { quantity: 1n, notionalLamports: 1n, rentLamports: 0n, venueSlot: 1 };\n" +
      '        const fill = { state: "landed" as const, fillId: now.identity, ...told };\n' +
      "        const landed = { ...fill, feeLamports: report.costLamports, evidence: report.evidence };\n" +
      "        bookLanding(this.#context, tx, { ...now, voids: null }, landed, undefined);\n" +
      "        return true;\n" +
      "      }\n" +
      '      if (report.state === "landed") {\n        ended',
  ),
];
