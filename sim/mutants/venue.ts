import { type Mutant, mutant } from "./mutant.ts";

const PROOF = "executor/venues/solana/absence-proof.ts";
const STATUS = "executor/venues/solana/signature-status.ts";
const VERDICT = "executor/venues/solana/attempt-verdict.ts";
const FETCH = "executor/venues/solana/fetch-attempt.ts";
/** The balance stands guard behind the proof of absence: without it a hole there shows. */
const BLIND_WITNESS = {
  file: "executor/venues/solana/balance-witness.ts",
  find: "if (change === 0n) return { agrees: true, evidence };",
  replace: "if (change === 0n || change !== 0n) return { agrees: true, evidence };",
};

/** Mistakes in reading the chain. */
export const VENUE_MUTANTS: readonly Mutant[] = [
  mutant(
    "death-by-one-node",
    "NautilusTrader: submitted and not found at the one place that was asked means rejected.",
    FETCH,
    "const proof = await proveAbsence(deps.rpc, attempt.identity, bound);",
    `const [one] = deps.rpc.providers;
  const asked = one === undefined ? [] : [one];
  const proof = await proveAbsence(deps.rpc, attempt.identity, bound, asked);`,
  ),
  mutant(
    "death-not-finalized",
    "A bound that was passed on a fork counts as passed.",
    PROOF,
    'const FINALIZED = { commitment: "finalized" };',
    'const FINALIZED = { commitment: "processed" };',
  ),
  {
    name: "death-by-slot",
    story: "Slots are taken for heights: they run ahead, so every attempt is dead at once.",
    edits: [
      {
        file: PROOF,
        find: 'provider.call("getBlockHeight", [FINALIZED], heightAnswer);',
        replace: 'provider.call("getSlot", [FINALIZED], heightAnswer);',
      },
      {
        file: PROOF,
        find: 'if (validity.value.value) return "it still takes the blockhash";',
        replace: "",
      },
    ],
  },
  {
    name: "death-without-bound",
    story: "hummingbot: an order not found a few times is lost, whenever it could still land.",
    edits: [
      {
        file: PROOF,
        find: "if (height.value <= bound.lastValidBlockHeight) {",
        replace: "if (height.value <= bound.lastValidBlockHeight - 150) {",
      },
      {
        file: PROOF,
        find: 'if (validity.value.value) return "it still takes the blockhash";',
        replace: "",
      },
    ],
  },
  {
    name: "death-from-older-history",
    story:
      "The look into the history is believed although it is older than the last possible block.",
    edits: [
      {
        file: PROOF,
        find: "if (context.slot < passed.slot) {",
        replace: "if (context.slot < 0) {",
      },
      BLIND_WITNESS,
    ],
    theme: "mixed",
  },
  {
    name: "silent-node-is-skipped",
    story: "A node that does not answer is left out of the proof: the rest may be the blind ones.",
    edits: [
      {
        file: PROOF,
        find: 'if (doubts.length > 0) return { proven: false, detail: doubts.join("; ") };',
        replace: 'if (slots.size === 0) return { proven: false, detail: doubts.join("; ") };',
      },
      BLIND_WITNESS,
    ],
    theme: "blind",
  },
  {
    name: "booked-at-processed",
    story: "A transaction that nodes have executed is told as done before anybody voted on it.",
    edits: [
      {
        file: STATUS,
        find: 'if (level === "processed") return { kind: "processed", provider, contextSlot, slot, err };',
        replace: "",
      },
      {
        file: "executor/venues/solana/testimony.ts",
        find: 'commitment: "confirmed",',
        replace: 'commitment: "processed",',
      },
    ],
  },
  mutant(
    "landed-is-success",
    "pumpfun bot #175: a reverted buy is reported as confirmed, because it landed.",
    STATUS,
    'const kind = err === null ? "success" : "error";',
    'const kind = "success" as "success" | "error";',
  ),
  mutant(
    "reverted-is-pending",
    "gateway, hummingbot #7972: a swap that reverted is polled for ever.",
    VERDICT,
    "return (isDisputed ? undefined : await judgeError(trial, errors)) ?? seen(words);",
    "return isDisputed || errors.length > 0 ? seen(words) : seen(words);",
  ),
  mutant(
    "confirmed-is-final",
    "A fill that is confirmed is never looked at again, and a fork takes it back.",
    FETCH,
    "const finals = words.filter(isDecided).filter(({ isFinal }) => isFinal);",
    "const finals = words.filter(isDecided);",
  ),
  mutant(
    "fee-booked-as-price",
    "The price of a trade is booked with the network's fee in it.",
    "executor/venues/solana/chain-deltas.ts",
    "const tradeLamports = lamports + feeLamports + rentLamports;",
    "const tradeLamports = lamports + rentLamports;",
  ),
  mutant(
    "quote-booked-as-fill",
    "warp-id: what the route promised is booked, not what the chain moved.",
    VERDICT,
    "const quantity = isBuy ? deltas.quantity : -deltas.quantity;",
    "const quantity = isBuy ? BigInt(attempt.quantityOutMin) : -deltas.quantity;",
  ),
];
