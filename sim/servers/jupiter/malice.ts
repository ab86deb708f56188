import {
  AuthorityType,
  createApproveInstruction,
  createSetAuthorityInstruction,
} from "@solana/spl-token";
import { type PublicKey, SystemProgram, type TransactionInstruction } from "@solana/web3.js";
import { generateKeypair } from "../../models/market-tokens.ts";
import { U64_MAX } from "../../models/market.ts";
import type { Desk } from "./desk.ts";
import { addHostileLeg, HOSTILE_LEGS, isHostileLeg } from "./hostile-leg.ts";
import { strangersAccount, strangerOf, tokenAccountOf } from "./stranger.ts";
import { type SwapAnswer, tokenProgramOf } from "./swap-answer.ts";

/**
 * drain-sol: two SOL transfers to a stranger, one among the other instructions and one hidden in
 * the set-up. set-authority, approve: the stranger becomes owner or delegate of the taker's
 * account. foreign-program: another program swaps. lower-min-out: the instruction promises less
 * than the text. platform-fee: the instruction pays the stranger a fee. wrong-destination: the
 * stranger's account receives. hidden-in-table: the text names the taker's account where the
 * table on the chain holds the stranger's. wrong-blockhash: one that never was. garbage: no JSON.
 * huge-out: an absurd quote. The kinds that begin with `leg-` lead a direct route through a program
 * of the thief's: see `hostile-leg.ts`.
 */
export const MALICE_KINDS = [
  "drain-sol",
  "set-authority",
  "approve",
  "foreign-program",
  "lower-min-out",
  "platform-fee",
  "wrong-destination",
  "hidden-in-table",
  "wrong-blockhash",
  "garbage",
  "huge-out",
  ...HOSTILE_LEGS,
] as const;

export type MaliceKind = (typeof MALICE_KINDS)[number];

export interface Malice {
  kind: MaliceKind;
  /** Answers left; a negative number means until cleared. */
  count: number;
}

const QUEUE_MAX = 100;
const DRAIN_LAMPORTS = 10_000_000n;
const HUGE_FACTOR = 1_000n;

/** Orders of malice, carried out one per swap answer, first come first served. */
export class MaliceQueue {
  #orders: Malice[] = [];

  add(kind: MaliceKind, count: number): void {
    if (this.#orders.length >= QUEUE_MAX) throw new Error(`expected at most ${QUEUE_MAX} orders`);
    if (count !== 0) this.#orders.push({ kind, count });
  }

  list(): readonly Malice[] {
    return this.#orders;
  }

  clear(): void {
    this.#orders = [];
  }

  take(): MaliceKind | undefined {
    const first = this.#orders[0];
    if (first === undefined) return undefined;
    if (first.count > 0) first.count -= 1;
    if (first.count === 0) this.#orders.shift();
    return first.kind;
  }
}

export function corruptAnswer(desk: Desk, answer: SwapAnswer, kind: MaliceKind): void {
  if (isHostileLeg(kind)) return addHostileLeg(desk, answer, kind);
  const stranger = strangerOf(desk);
  const { taker } = answer;
  switch (kind) {
    case "drain-sol": {
      const theft = SystemProgram.transfer({
        fromPubkey: taker,
        toPubkey: stranger,
        lamports: DRAIN_LAMPORTS,
      });
      answer.other.push(theft);
      answer.setup.push(theft);
      return;
    }
    case "set-authority":
    case "approve":
      answer.setup.push(createSurrender(answer, stranger, kind));
      return;
    case "foreign-program":
      answer.programId = generateKeypair(desk.market.seed, "foreign-program").publicKey;
      return;
    case "lower-min-out":
      if (desk.prng.nextInt(2) === 0) answer.route.quotedOut /= 2n;
      else answer.route.slippageBps = 9_900;
      return;
    case "platform-fee":
      // As much as the tolerance allows: the transaction lands and the stranger takes the slack.
      answer.route.platformFeeBps = Math.max(1, answer.route.slippageBps);
      answer.feeAccount = strangersAccount(desk, answer.parameters.outputMint, answer.quote.token);
      return;
    case "wrong-destination":
      answer.destination = strangersAccount(desk, answer.parameters.outputMint, answer.quote.token);
      return;
    case "hidden-in-table": {
      const truth = desk.onChain.writeTable([
        strangersAccount(desk, answer.parameters.outputMint, answer.quote.token).toBase58(),
      ]);
      const lie = { address: truth.address, addresses: [answer.destination.toBase58()] };
      answer.tables = [...answer.tables, lie];
      return;
    }
    case "wrong-blockhash":
      answer.blockhash = generateKeypair(
        desk.market.seed,
        `blockhash:${desk.prng.nextInt(1_000_000)}`,
      ).publicKey.toBase58();
      return;
    case "huge-out":
      answer.shownOut *= HUGE_FACTOR;
      answer.route.quotedOut *= HUGE_FACTOR;
      return;
    case "garbage":
      // The endpoint answers without JSON; there is no swap to change.
      return;
    default:
      kind satisfies never;
  }
}

/** Gives the stranger power over the taker's account. */
function createSurrender(
  answer: SwapAnswer,
  stranger: PublicKey,
  kind: "set-authority" | "approve",
): TransactionInstruction {
  const account = tokenAccountOf(answer);
  const program = tokenProgramOf(answer.quote.token);
  const { taker } = answer;
  if (kind === "approve") {
    return createApproveInstruction(account, stranger, taker, U64_MAX, [], program);
  }
  const owner = AuthorityType.AccountOwner;
  return createSetAuthorityInstruction(account, taker, owner, stranger, [], program);
}
