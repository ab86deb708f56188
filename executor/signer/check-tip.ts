import { refused, type Step, type StepOrReason } from "./check-setup.ts";
import { areExactly, type Instruction } from "./message.ts";
import type { SwapTerms } from "./swap-terms.ts";
import { tipKindOf } from "./tip-accounts.ts";

const SYSTEM_TRANSFER = 2;

/**
 * A transfer of SOL to an account of a landing service, spelled out in the signed bytes; undefined
 * when it goes elsewhere, and is then held to the rules of the other transfers. How much all of
 * them may take together is looked at when the whole message is known: `checkTips`.
 */
export function checkTip(
  { accounts, data }: Instruction,
  terms: SwapTerms,
): StepOrReason | undefined {
  if (data.length !== 12 || data.readUInt32LE(0) !== SYSTEM_TRANSFER) return undefined;
  const to = accounts[1]?.key;
  const kind = to === undefined ? undefined : tipKindOf(to);
  if (to === undefined || kind === undefined) return undefined;
  if (!areExactly(accounts, [terms.wallet, to])) {
    return refused("a tip is not paid by the wallet to an account that is spelled out");
  }
  return { kind, lamports: data.readBigUInt64LE(4) };
}

/** All tips together stay below what was meant to be spent on landing. */
export function checkTips(steps: readonly Step[], tipLamportsMax: bigint): string[] {
  let sum = 0n;
  for (const step of steps) if ("lamports" in step) sum += step.lamports;
  if (sum <= tipLamportsMax) return [];
  return [`expected tips of at most ${tipLamportsMax}, was ${sum} lamports`];
}
