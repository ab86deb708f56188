import { describe, test } from "vitest";
import { judgeTrials, type Trial } from "./judge-swap.ts";
import { refused, type Step } from "./prepare-step.ts";
import { SYSTEM_PROGRAM, TOKEN_PROGRAM } from "./programs.ts";
import type { Rpc } from "./rpc.ts";
import type { SwapBalances } from "./simulate-swap.ts";
import { addressOf } from "./streams-fixture.ts";
import { deriveSwapAccounts } from "./swap-instructions.ts";

const ACCOUNTS = deriveSwapAccounts(addressOf(1), addressOf(2), TOKEN_PROGRAM);
const COST = 100n;

/** What a node shows: the wallet's lamports at a slot. */
type Shown = readonly [slot: number, lamports: bigint];

function balances([slot, lamports]: Shown): SwapBalances {
  return {
    slot,
    walletLamports: lamports,
    ownLamports: lamports,
    tokenQuantity: 0n,
    hasTokenAccount: false,
    tokenAccountLamports: 0n,
    controls: { wallet: null, token: null, wsol: null },
  };
}

/**
 * Nodes that show `reads` in turn, the last one for ever: each first as what is under way has left
 * it, then as what is confirmed.
 */
function nodesOf(reads: readonly Shown[]): Pick<Rpc, "askNewest" | "pause"> & { pauses: number } {
  let next = 0;
  const nodes = {
    pauses: 0,
    pause: async () => void nodes.pauses++,
    askNewest: async <T>(
      _method: string,
      params: readonly unknown[],
      schema: { parse(value: unknown): T },
    ): Promise<T> => {
      if (JSON.stringify(params).includes("processed")) next++;
      const [slot, lamports] = reads[Math.min(next - 1, reads.length - 1)] ?? [0, 0n];
      const wallet = {
        lamports: Number(lamports),
        owner: SYSTEM_PROGRAM,
        data: ["", "base64"],
        executable: false,
        space: 0,
      };
      return schema.parse({ context: { slot }, value: [wallet, null, null] });
    },
  };
  return nodes;
}

/** A buy for 100 lamports that is run where the wallet ends with `trials`, the last one for ever. */
async function judge(first: Shown, trials: readonly Shown[], reads: readonly Shown[]) {
  const nodes = nodesOf(reads);
  let runs = 0;
  const run = async (before: SwapBalances): Promise<Step<Trial<string>>> => {
    const after = balances(trials[Math.min(runs++, trials.length - 1)] ?? first);
    const paid = before.ownLamports - after.ownLamports;
    const reasons = paid > COST ? [`it costs ${paid}`] : [];
    return { ok: true, value: { after, reasons, result: { ok: true, value: "good" } } };
  };
  const step = await judgeTrials(nodes, { accounts: ACCOUNTS }, balances(first), run);
  return { step, runs, pauses: nodes.pauses };
}

const GOOD = { ok: true, value: "good" };

describe("a swap that is tried on a node", () => {
  test("is good at once when it keeps the intent", async ({ expect }) => {
    const { step, runs } = await judge([5, 1_000n], [[5, 900n]], []);
    expect({ step, runs }).toEqual({ step: GOOD, runs: 1 });
  });

  test("is refused with an alarm when it takes more while the wallet stands still", async ({
    expect,
  }) => {
    const { step, runs } = await judge(
      [5, 1_000n],
      [
        [6, 700n],
        [8, 700n],
      ],
      [
        [7, 1_000n],
        [9, 1_000n],
      ],
    );
    expect(step).toEqual(refused("it costs 300", true));
    expect(runs).toBe(2);
  });

  test("is not blamed for another order that lands before its trial, twice", async ({ expect }) => {
    const other = await judge(
      [5, 1_000n],
      [
        [6, 800n],
        [8, 700n],
        [9, 700n],
      ],
      [
        [7, 900n],
        [8, 800n],
      ],
    );
    expect(other).toEqual({ step: GOOD, runs: 3, pauses: 1 });
  });

  test("is not blamed for an order that is in its trial and not confirmed yet", async ({
    expect,
  }) => {
    const confirmed = nodesOf([[5, 1_000n]]);
    const nodes: typeof confirmed = {
      ...confirmed,
      askNewest: (method, params, schema, rankOf) => {
        const isUnderWay = JSON.stringify(params).includes("processed");
        const seen = isUnderWay ? nodesOf([[6, 800n]]) : confirmed;
        return seen.askNewest(method, params, schema, rankOf);
      },
    };
    const run = async (before: SwapBalances): Promise<Step<Trial<string>>> => {
      const after = balances([5, 700n]);
      const reasons = [`it costs ${before.ownLamports - after.ownLamports}`];
      return { ok: true, value: { after, reasons, result: { ok: true, value: "good" } } };
    };
    const plan = { accounts: ACCOUNTS };
    const step = await judgeTrials(nodes, plan, balances([5, 1_000n]), run);
    expect(step).toMatchObject({ ok: false, alert: false });
  });

  test("is not blamed for a node that reads what is long past", async ({ expect }) => {
    const behind: Shown[] = [
      [2, 1_000n],
      [3, 1_000n],
      [9, 800n],
    ];
    const lagging = await judge([1, 1_000n], [[9, 700n]], behind);
    expect(lagging).toEqual({ step: GOOD, runs: 4, pauses: 2 });
  });

  test("gets no signature while the wallet moves all the time", async ({ expect }) => {
    const moving: Shown[] = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => [n, 5_000n - 200n * BigInt(n)]);
    const trials: Shown[] = moving.map(([slot, lamports]) => [slot, lamports - COST]);
    const { step, runs } = await judge([0, 5_000n], trials, moving);
    expect(step).toMatchObject({ ok: false, alert: false, isWalletBusy: true });
    expect(step).toMatchObject({
      reason: expect.stringContaining("move this wallet all the time"),
    });
    expect(runs).toBe(8);
  });

  test("that fails behind itself is tried again only while the wallet moves", async ({
    expect,
  }) => {
    const failed = refused("behind the swap, no", false);
    for (const [reads, tries] of [
      [[[6, 1_000n]], 2],
      [
        [
          [6, 900n],
          [7, 800n],
          [8, 800n],
        ],
        3,
      ],
    ] as const) {
      let runs = 0;
      const step = await judgeTrials(
        nodesOf(reads),
        { accounts: ACCOUNTS },
        balances([5, 1_000n]),
        async () => {
          const after = balances([5 + runs++, 900n]);
          return { ok: true, value: { after, reasons: [], result: failed } };
        },
      );
      expect({ step, runs }).toEqual({ step: failed, runs: tries });
    }
  });
});
