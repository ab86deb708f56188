import { type AccountMeta, PublicKey, SystemProgram } from "@solana/web3.js";
import { type HostileProgram, hostileProgram, hostileSwitch } from "../../models/hostile-legs.ts";
import type { MarketToken } from "../../models/market.ts";
import type { Desk } from "./desk.ts";
import { strangersAccount, strangerOf, tokenAccountOf } from "./stranger.ts";
import { associatedAccount, type SwapAnswer, tokenProgramOf } from "./swap-answer.ts";

/**
 * Thefts with the taker's signature, which a direct route hands on. leg-system-program: takes SOL.
 * leg-other-account: empties the taker's account of another token. leg-approve: lets the stranger
 * spend the traded token. leg-approve-later, and leg-overspend-later, which takes all of the
 * source: not while the switch of `models/hostile-legs.ts` is off, so no simulation shows them.
 */
export const HOSTILE_LEGS = [
  "leg-system-program",
  "leg-other-account",
  "leg-approve",
  "leg-approve-later",
  "leg-overspend-later",
] as const;
export type HostileLeg = (typeof HOSTILE_LEGS)[number];

export function isHostileLeg(kind: string): kind is HostileLeg {
  return HOSTILE_LEGS.some((known) => known === kind);
}

/** Leads the route directly through the thief's program. */
export function addHostileLeg(desk: Desk, answer: SwapAnswer, kind: HostileLeg): void {
  answer.routeName = "route_v2";
  answer.handsOn = true;
  answer.hostileLeg = createLeg(desk, answer, kind);
}

function createLeg(desk: Desk, answer: SwapAnswer, kind: HostileLeg): AccountMeta[] {
  const { token } = answer.quote;
  const own = tokenAccountOf(answer);
  const later = read(hostileSwitch(desk.market.seed));
  const approval = [write(own), read(strangerOf(desk)), read(tokenProgramOf(token))];
  switch (kind) {
    case "leg-system-program":
      return [program(desk, "takeSol"), read(SystemProgram.programId), write(strangerOf(desk))];
    case "leg-other-account": {
      const other = otherTokenOf(desk, answer);
      const account = associatedAccount(answer.taker, other.mint, other);
      return [program(desk, "take"), ...createTake(desk, other, account)];
    }
    case "leg-approve":
      return [program(desk, "approve"), ...approval];
    case "leg-approve-later":
      return [program(desk, "approve"), ...approval, later];
    case "leg-overspend-later":
      return [program(desk, "take"), ...createTake(desk, token, own), later];
    default:
      return kind satisfies never;
  }
}

function createTake(desk: Desk, token: MarketToken, from: PublicKey): AccountMeta[] {
  const to = strangersAccount(desk, token.mint, token);
  return [write(from), write(to), read(tokenProgramOf(token)), read(new PublicKey(token.mint))];
}

/** A token that is not traded here and that the taker holds; else any, with nothing to take. */
function otherTokenOf(desk: Desk, answer: SwapAnswer): MarketToken {
  const others = desk.market.tokens.filter((token) => token !== answer.quote.token);
  const held = others.find((token) => {
    const account = associatedAccount(answer.taker, token.mint, token);
    return (desk.chain.tokenQuantityOf(account.toBase58()) ?? 0n) > 0n;
  });
  const found = held ?? others[0];
  if (found === undefined) throw new Error("expected a market of more than one token");
  return found;
}

function program(desk: Desk, name: HostileProgram): AccountMeta {
  return read(hostileProgram(desk.market.seed, name));
}

function read(pubkey: PublicKey): AccountMeta {
  return { pubkey, isSigner: false, isWritable: false };
}

function write(pubkey: PublicKey): AccountMeta {
  return { pubkey, isSigner: false, isWritable: true };
}
