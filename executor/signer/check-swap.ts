import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { SwapIntent } from "../ports/signer.ts";
import { showAccountKey } from "./account-key.ts";
import { checkRoute } from "./check-route.ts";
import {
  checkAccountCreation,
  checkComputeBudget,
  checkSystemTransfer,
  checkTokenInstruction,
  refused,
  type GuardKind,
  type Step,
  type StepOrReason,
} from "./check-setup.ts";
import { decodeMessage, resolveInstructions, type Instruction, type Message } from "./message.ts";
import {
  ATA_PROGRAM,
  COMPUTE_BUDGET_PROGRAM,
  JUPITER_PROGRAM,
  SYSTEM_PROGRAM,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
} from "./programs.ts";
import { parseSwapTerms, type SwapTerms } from "./swap-terms.ts";

const LAMPORTS_PER_SIGNATURE = 5_000n;
const MICRO_LAMPORTS_PER_LAMPORT = 1_000_000n;
/** The runtime's own ceiling; it also stands in when a message sets a price but no limit. */
const UNITS_MAX = 1_400_000n;

/** What must stand before what; the compute budget may stand anywhere. */
const ORDER: readonly (readonly [Step["kind"], Step["kind"]])[] = [
  ["createWsol", "wrap"],
  ["createWsol", "swap"],
  ["createMint", "swap"],
  ["wrap", "sync"],
  ["sync", "swap"],
  ["swap", "close"],
  ["swap", "revoke"],
  ["swap", "clearClose"],
  ["swap", "hold"],
  // While an allowance stands, its holder may transfer too: only behind this is it the owner.
  ["revoke", "hold"],
];

const GUARDS: readonly GuardKind[] = ["revoke", "clearClose", "hold"];

/**
 * Why these bytes must not be signed for this intent; empty when they do exactly what was meant.
 * An allow-list: each instruction must be one that we would have built ourselves, and nothing else
 * may be in the message.
 */
export function checkSwap(intent: SwapIntent, bytes: Uint8Array): string[] {
  try {
    const terms = parseSwapTerms(intent);
    const message = decodeMessage(bytes);
    const payer = checkPayer(message, terms);
    if (payer !== undefined) return [payer];
    const instructions = resolveInstructions(message, intent.lookupTables);
    return checkInstructions(instructions, message, terms);
  } catch (error) {
    if (!isRaptorError(error, "RAPTOR_WIRE__INVALID")) throw error;
    return [String(error.context["problem"])];
  }
}

function checkPayer(message: Message, terms: SwapTerms): string | undefined {
  if (message.staticKeys[0] !== terms.wallet) return "the fee payer is not the wallet";
  if (message.signatures !== 1) return `expected one signature, was ${message.signatures}`;
  return undefined;
}

function checkInstructions(
  instructions: readonly Instruction[],
  message: Message,
  terms: SwapTerms,
): string[] {
  const steps: Step[] = [];
  const reasons: string[] = [];
  for (const [at, instruction] of instructions.entries()) {
    const step = checkInstruction(instruction, terms);
    if (step.kind === "refused") reasons.push(`instruction ${at}: ${step.reason}`);
    else if (steps.some(({ kind }) => kind === step.kind)) {
      reasons.push(`instruction ${at}: a second ${step.kind}`);
    } else steps.push(step);
  }
  if (reasons.length > 0) return reasons;
  return [...checkOrder(steps, terms), ...checkFee(steps, message, terms)];
}

function checkInstruction(instruction: Instruction, terms: SwapTerms): StepOrReason {
  switch (instruction.programId) {
    case COMPUTE_BUDGET_PROGRAM:
      return checkComputeBudget(instruction);
    case ATA_PROGRAM:
      return checkAccountCreation(instruction, terms);
    case SYSTEM_PROGRAM:
      return checkSystemTransfer(instruction, terms);
    case TOKEN_PROGRAM:
    case TOKEN_2022_PROGRAM:
      return checkTokenInstruction(instruction, terms);
    case JUPITER_PROGRAM:
      return checkRoute(instruction, terms);
    default:
      return refused(`program ${showAccountKey(instruction.programId)} is not on the list`);
  }
}

/**
 * A buy wraps, synchronises and swaps; both sides unwrap at the end, so that what is left over
 * returns to the wallet as SOL. The guards stand behind a swap that hands the signature on, and
 * only there.
 */
function checkOrder(steps: readonly Step[], terms: SwapTerms): string[] {
  const needed: Step["kind"][] =
    terms.side === "buy" ? ["wrap", "sync", "swap", "close"] : ["swap", "close"];
  const present = steps.map(({ kind }) => kind);
  const handsOn = steps.some((step) => step.kind === "swap" && step.handsOn);
  if (handsOn) needed.push(...GUARDS);
  else if (GUARDS.some((kind) => present.includes(kind))) {
    return ["the message guards a token account although no signature is handed on"];
  }
  const missing = needed.filter((kind) => !present.includes(kind));
  if (missing.length > 0) return [`the message has no ${missing.join(", no ")}`];
  return ORDER.filter(
    ([first, later]) => present.includes(later) && present.indexOf(first) > present.indexOf(later),
  ).map(([first, later]) => `expected ${first} before ${later}`);
}

function checkFee(steps: readonly Step[], message: Message, terms: SwapTerms): string[] {
  let units = UNITS_MAX;
  let microLamports = 0n;
  for (const step of steps) {
    if (step.kind === "unitLimit") units = step.units;
    if (step.kind === "unitPrice") microLamports = step.microLamports;
  }
  if (units > UNITS_MAX) return [`expected at most ${UNITS_MAX} compute units, was ${units}`];
  const priority =
    (units * microLamports + MICRO_LAMPORTS_PER_LAMPORT - 1n) / MICRO_LAMPORTS_PER_LAMPORT;
  const fee = LAMPORTS_PER_SIGNATURE * BigInt(message.signatures) + priority;
  if (fee > terms.feeLamportsMax) {
    return [`expected a network fee of at most ${terms.feeLamportsMax}, was ${fee} lamports`];
  }
  return [];
}
