import { isRaptorError } from "@raptor/shared/errors/raptor-error.ts";
import type { SwapIntent } from "../ports/signer.ts";
import { showAccountKey } from "./account-key.ts";
import { checkDirect, isDirectProgram } from "./check-direct.ts";
import { checkFee, checkPayer } from "./check-payment.ts";
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
import { isNonceAdvance } from "./nonce-account.ts";
import {
  ATA_PROGRAM,
  COMPUTE_BUDGET_PROGRAM,
  JUPITER_PROGRAM,
  SYSTEM_PROGRAM,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
} from "./programs.ts";
import { checkTip, checkTips } from "./check-tip.ts";
import { parseSwapTerms, type SwapTerms } from "./swap-terms.ts";
import { TIP_KINDS } from "./tip-accounts.ts";

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
  // A tip is paid out of what is left, never out of what the swap still needs.
  ...TIP_KINDS.flatMap((tip): [Step["kind"], Step["kind"]][] => [
    ["swap", tip],
    ["close", tip],
  ]),
];

/** What must be there, by what the swap does with SOL. */
const NATIVE: readonly Step["kind"][] = ["swap"];
const WRAPPED: Readonly<Record<SwapTerms["side"], readonly Step["kind"][]>> = {
  buy: ["wrap", "sync", "swap", "close"],
  sell: ["swap", "close"],
};
const WRAPPING: readonly Step["kind"][] = ["createWsol", "wrap", "sync", "close"];

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
    const payer = checkPayer(message, terms.wallet);
    if (payer !== undefined) return [payer];
    const instructions = resolveInstructions(message, intent.lookupTables);
    return checkInstructions(instructions, message, terms);
  } catch (error) {
    if (!isRaptorError(error, "RAPTOR_WIRE__INVALID")) throw error;
    return [String(error.context["problem"])];
  }
}

function checkInstructions(
  instructions: readonly Instruction[],
  message: Message,
  terms: SwapTerms,
): string[] {
  const steps: Step[] = [];
  const reasons: string[] = [];
  const unlimited = checkLifetime(instructions, message, terms);
  if (unlimited !== undefined) return [unlimited];
  for (const [at, instruction] of instructions.entries()) {
    // The runtime takes a nonce for a lifetime only there; `checkLifetime` has compared it.
    if (at === 0 && terms.nonce !== undefined) continue;
    const step = checkInstruction(instruction, terms);
    if (step.kind === "refused") reasons.push(`instruction ${at}: ${step.reason}`);
    else if (steps.some(({ kind }) => kind === step.kind)) {
      reasons.push(`instruction ${at}: a second ${step.kind}`);
    } else steps.push(step);
  }
  if (reasons.length > 0) return reasons;
  return [
    ...checkOrder(steps, terms),
    ...checkFee(steps, message, terms.feeLamportsMax),
    ...checkTips(steps, terms.tipLamportsMax),
  ];
}

/**
 * A message that was meant to share a nonce's one turn must not come to live by a blockhash: then
 * it and its siblings could all land. So the advance stands first and the value is the intended.
 */
function checkLifetime(
  [first]: readonly Instruction[],
  message: Message,
  { nonce, wallet }: SwapTerms,
): string | undefined {
  if (nonce === undefined) return undefined;
  if (first === undefined || !isNonceAdvance(first, nonce.account, wallet)) {
    return "the message does not begin with the intended nonce's advance";
  }
  if (message.lifetime !== nonce.value) return "the message does not stand on the nonce's value";
  return undefined;
}

function checkInstruction(instruction: Instruction, terms: SwapTerms): StepOrReason {
  switch (instruction.programId) {
    case COMPUTE_BUDGET_PROGRAM:
      return checkComputeBudget(instruction);
    case ATA_PROGRAM:
      return checkAccountCreation(instruction, terms);
    case SYSTEM_PROGRAM:
      return checkTip(instruction, terms) ?? checkSystemTransfer(instruction, terms);
    case TOKEN_PROGRAM:
    case TOKEN_2022_PROGRAM:
      return checkTokenInstruction(instruction, terms);
    case JUPITER_PROGRAM:
      return checkRoute(instruction, terms);
    default:
      if (isDirectProgram(instruction.programId)) return checkDirect(instruction, terms);
      return refused(`program ${showAccountKey(instruction.programId)} is not on the list`);
  }
}

/**
 * A buy wraps, synchronises and swaps; both sides unwrap at the end, so that what is left over
 * returns to the wallet as SOL. The guards stand behind a swap that hands the signature on, and
 * only there.
 */
function checkOrder(steps: readonly Step[], terms: SwapTerms): string[] {
  const present = steps.map(({ kind }) => kind);
  const isNative = steps.some((step) => step.kind === "swap" && step.isNative);
  if (isNative && WRAPPING.some((kind) => present.includes(kind))) {
    return ["the message wraps SOL although its swap takes none"];
  }
  const needed = isNative ? [...NATIVE] : [...WRAPPED[terms.side]];
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
