import { describe, test } from "vitest";
import { buildAnswer, searchAnswer } from "./jupiter-answers.ts";
import { BOUGHT_MINT, createBuildBody } from "./jupiter-fixture.ts";
import type { Jupiter } from "./jupiter.ts";
import { withPoolHints } from "./pool-hints.ts";
import { addressOf } from "./streams-fixture.ts";

const POOL = addressOf(5);
const unused = (): Promise<never> => Promise.reject(new Error("expected no such question"));
const QUESTION = {
  wallet: POOL,
  inputMint: POOL,
  outputMint: POOL,
  quantityIn: 1n,
  slippageBps: 1,
};

function createWorld(routePlan: unknown[]) {
  const hints: [string, string][] = [];
  const token = { id: BOUGHT_MINT, name: "T", symbol: "T", decimals: 6, graduatedPool: POOL };
  const jupiter: Jupiter = {
    batchMax: 50,
    fetchUsdPricesE30: unused,
    waitMs: () => 0,
    fetchBuild: async () => buildAnswer.parse({ ...createBuildBody(), routePlan }),
    fetchOrder: unused,
    fetchToken: async () => searchAnswer.parse([token])[0],
    health: () => ({ name: "jupiter", ok: true, detail: "" }),
  };
  const hint = (mint: string, address: string): void => void hints.push([mint, address]);
  return { jupiter: withPoolHints(jupiter, { hint }), hints };
}

describe("pool hints", () => {
  test("come from a route of one step", async ({ expect }) => {
    const { jupiter, hints } = createWorld([{ swapInfo: { label: "Raydium", ammKey: POOL } }]);
    const answer = await jupiter.fetchBuild(QUESTION);
    expect(hints).toEqual([[BOUGHT_MINT, POOL]]);
    expect(answer.routePlan).toHaveLength(1);
  });

  test("do not come from several steps, or from one without a pool", async ({ expect }) => {
    const step = { swapInfo: { label: "Raydium", ammKey: POOL } };
    const odd = { swapInfo: { label: "JupiterZ", ammKey: 7 } };
    for (const plan of [[step, step], [{ swapInfo: { label: "Raydium" } }], [odd]]) {
      const { jupiter, hints } = createWorld(plan);
      await jupiter.fetchBuild(QUESTION);
      expect(hints).toEqual([]);
    }
  });

  test("come from where a token's curve went", async ({ expect }) => {
    const { jupiter, hints } = createWorld([]);
    await jupiter.fetchToken(BOUGHT_MINT);
    expect(hints).toEqual([[BOUGHT_MINT, POOL]]);
  });
});
