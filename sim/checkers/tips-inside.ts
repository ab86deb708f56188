import { LANE_TIP_ACCOUNTS } from "../models/lane-tip-accounts.ts";
import type { WireTransaction } from "../models/wire-transaction.ts";
import type { Checker, Watch } from "./checker.ts";

const SYSTEM_PROGRAM = "11111111111111111111111111111111";
const COMPUTE_BUDGET_PROGRAM = "ComputeBudget111111111111111111111111111111";
const TRANSFER = 2;
const TIP_ACCOUNTS: ReadonlySet<string> = new Set(Object.values(LANE_TIP_ACCOUNTS).flat());

/**
 * Invariant 22. After every commit: an attempt that counts on a tip carries it in its own bytes.
 * After every step: no transaction that pays a tip does nothing else.
 */
export function createTipsInside(watch: Watch): Checker {
  return {
    name: "22 tips inside",
    onCommit(events) {
      for (const { kind, payload } of events) {
        if (kind !== "AttemptPrepared") continue;
        const wanted = tipsOf(payload.route["landing"]);
        if (wanted.length === 0) continue;
        const paid = transfersOf(watch.chain.parse(payload.payload));
        for (const { account, lamports } of wanted) {
          if (paid.get(account) === lamports) continue;
          watch.report(`${payload.attemptId} counts on a tip of ${lamports} that it does not pay`);
        }
      }
    },
    onLanded({ signature, transaction }) {
      const isTipping = [...transfersOf(transaction).keys()].some((to) => TIP_ACCOUNTS.has(to));
      const programs = transaction.instructions.map(
        ({ programIndex }) => transaction.staticKeys[programIndex] ?? "",
      );
      const isAlone = programs.every(
        (program) => program === SYSTEM_PROGRAM || program === COMPUTE_BUDGET_PROGRAM,
      );
      if (isTipping && isAlone) watch.report(`${signature} pays a tip and does nothing else`);
    },
  };
}

function tipsOf(landing: unknown): { account: string; lamports: bigint }[] {
  const { tips = [] } = (landing ?? {}) as { tips?: { account: string; lamports: string }[] };
  return tips.map(({ account, lamports }) => ({ account, lamports: BigInt(lamports) }));
}

function transfersOf({ instructions, staticKeys }: WireTransaction): Map<string, bigint> {
  const paid = new Map<string, bigint>();
  for (const { programIndex, accountIndexes, data } of instructions) {
    const bytes = Buffer.from(data);
    const isTransfer = staticKeys[programIndex] === SYSTEM_PROGRAM && bytes.length === 12;
    const to = staticKeys[accountIndexes[1] ?? -1];
    if (!isTransfer || to === undefined || bytes.readUInt32LE(0) !== TRANSFER) continue;
    paid.set(to, (paid.get(to) ?? 0n) + bytes.readBigUInt64LE(4));
  }
  return paid;
}
