import type { EffectBound } from "@raptor/shared/domain/events.ts";
import type { AttemptRow } from "@raptor/shared/domain/rows.ts";
import {
  type Commitment,
  createAttemptRow,
  createFakeChain,
  createTransaction,
  MINT,
  type NodeState,
  SIGNATURE,
} from "./fake-chain.ts";
import type { FakeAnswer } from "./fake-net.ts";
import { fetchAttemptReport, fetchSettlementReport } from "./fetch-attempt.ts";

const RENT = 2_039_280;
const LAMPORTS = 10_000_000_000;
const SLIPPAGE = { InstructionError: [6, { Custom: 6_001 }] };
/** The wallet held 700 before; the fake nodes' transactions landed at slot 4,400. */
export const HELD_AFTER = 1_000n;

export function createBuy(after = HELD_AFTER) {
  return createTransaction({
    fee: 25_000,
    pre: [LAMPORTS, RENT, 0],
    post: [LAMPORTS - 500_000_000 - 25_000, RENT, 0],
    tokens: [{ index: 1, mint: MINT, before: 700n, after }],
  });
}

const SLIPPED = createTransaction({
  fee: 25_000,
  err: SLIPPAGE,
  pre: [LAMPORTS, RENT, 0],
  post: [LAMPORTS - 25_000, RENT, 0],
  tokens: [{ index: 1, mint: MINT, before: 700n, after: 700n }],
});

export function succeed(node: NodeState, commitment: Commitment = "confirmed"): void {
  node.status = { commitment, err: null };
  node.transaction = createBuy();
  node.tokenQuantity = HELD_AFTER;
}

/** Says so without its balances bearing it out, as a node that lies or is mistaken. */
export function claim(node: NodeState, commitment: Commitment = "finalized"): void {
  node.status = { commitment, err: null };
  node.transaction = createBuy();
}

export function fail(node: NodeState, commitment: Commitment = "confirmed"): void {
  node.status = { commitment, err: SLIPPAGE };
  node.transaction = SLIPPED;
}

export function silence(node: NodeState, answer: FakeAnswer = { failure: "timeout" }): void {
  for (const method of METHODS) node.broken.set(method, answer);
}

/** Where the fake nodes' transactions landed. */
export const BOOKED_SLOT = 4_400;
const METHODS = [
  "getBlockHeight",
  "getSlot",
  "isBlockhashValid",
  "getSignatureStatuses",
  "getAccountInfo",
  "getTransaction",
];

export async function createJudge(
  third?: NodeState,
  bound?: EffectBound,
  voids: AttemptRow["voids"] = null,
) {
  const chain = createFakeChain(third);
  await chain.rpc.checkChain();
  const [honest, other] = chain.nodes;
  const waits: string[] = [];
  const reader = {
    ...chain,
    waitForSlot: async ({ name }: { name: string }, slot: number) => {
      waits.push(`${name} ${slot}`);
      return false;
    },
  };
  const row = { ...createAttemptRow("buy"), voids };
  const attempt = bound === undefined ? row : { ...row, bound };
  return {
    ...chain,
    honest,
    other,
    waits,
    reader,
    ask: () => fetchAttemptReport(reader, attempt),
    settle: async () =>
      (await fetchSettlementReport(chain.rpc, SIGNATURE, attempt.bound, BOOKED_SLOT)).state,
    /** Asks once a second, as the tracker does, for so long. */
    async askFor(ms: number) {
      for (let left = ms; left > 0; left -= 1_000) {
        await fetchAttemptReport(reader, attempt);
        await chain.clock.advance(1_000);
      }
      return fetchAttemptReport(reader, attempt);
    },
  };
}
