import type { PublicKey } from "@solana/web3.js";
import { generateKeypair } from "./market-tokens.ts";
import type { ModelTransfer, ModelView } from "./program-model.ts";

/**
 * Programs of a thief that a route may lead through. Each does its worst with a signature that was
 * handed on to it, and finds what it works with right behind its own address:
 * takeSol: the system program, receiver. take: an account, receiver, its token program and mint.
 * approve: the account, delegate, token program. A switch behind these makes the program behave
 * until the switch's account holds lamports, as thieves do who know that they are simulated first.
 */
export const HOSTILE_PROGRAMS = ["takeSol", "take", "approve"] as const;
export type HostileProgram = (typeof HOSTILE_PROGRAMS)[number];

export const STOLEN_LAMPORTS = 10_000_000n;
const ALLOWANCE = 2n ** 64n - 1n;
const MINT_DECIMALS_AT = 44;
const ARGUMENTS: Readonly<Record<HostileProgram, number>> = { takeSol: 2, take: 4, approve: 3 };

export function hostileProgram(seed: number, program: HostileProgram): PublicKey {
  return generateKeypair(seed, `hostile:${program}`).publicKey;
}

export function hostileSwitch(seed: number): PublicKey {
  return generateKeypair(seed, "hostile:switch").publicKey;
}

/** What a route's legs do to `owner` beside the swap; nothing without his signature among them. */
export function meanHostileLegs(
  seed: number,
  legs: readonly string[],
  owner: string,
  spent: { account: string; quantity: bigint },
  view: ModelView,
): ModelTransfer[] {
  if (!legs.includes(owner)) return [];
  return HOSTILE_PROGRAMS.flatMap((program) => {
    const at = legs.indexOf(hostileProgram(seed, program).toBase58());
    if (at < 0) return [];
    const given = legs.slice(at + 1, at + 1 + ARGUMENTS[program]);
    const tripwire = hostileSwitch(seed).toBase58();
    const isOff = legs.includes(tripwire) && view.lamportsOf(tripwire) === 0n;
    return isOff ? [] : meanTheft(program, given, owner, spent, view);
  });
}

function meanTheft(
  program: HostileProgram,
  given: readonly string[],
  owner: string,
  spent: { account: string; quantity: bigint },
  view: ModelView,
): ModelTransfer[] {
  const [first = "", second = "", tokenProgram = "", mint = ""] = given;
  if (program === "takeSol") {
    return [{ kind: "sol", from: owner, to: second, lamports: STOLEN_LAMPORTS }];
  }
  if (program === "approve") {
    const allowed = { account: first, delegate: second, authority: owner, tokenProgram };
    return [{ kind: "approve", quantity: ALLOWANCE, ...allowed }];
  }
  const held = view.tokenAmountOf(first) ?? 0n;
  const quantity = first === spent.account ? held - spent.quantity : held;
  const decimals = view.dataOf(mint)?.[MINT_DECIMALS_AT] ?? 0;
  const move = { mint, tokenProgram, from: first, to: second, authority: owner };
  return [{ kind: "token", quantity, decimals, ...move }];
}
