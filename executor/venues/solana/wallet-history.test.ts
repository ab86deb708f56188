import { describe, test } from "vitest";
import { createFakeChain, WALLET } from "./fake-chain.ts";
import type { FakeAnswer } from "./fake-net.ts";
import { fetchHistory } from "./wallet-history.ts";

const NOW_MS = 1_700_000_000_000;
const DAY_MS = 24 * 3_600_000;
const SINCE = { slot: 5_000, tsMs: NOW_MS - DAY_MS };

interface Listed {
  signature: string;
  slot: number;
  err: unknown;
  blockTime: number | null;
}

/** Newest first: one transaction a minute, one slot each. */
function history(count: number, newestSlot = 10_000): Listed[] {
  return Array.from({ length: count }, (_, at) => ({
    signature: `sig-${at}`,
    slot: newestSlot - at,
    err: null,
    blockTime: NOW_MS / 1_000 - at * 60,
  }));
}

/** Nodes that page as the network's do: newest first, what is older than `before`. */
function chainWith(...lists: (Listed[] | FakeAnswer)[]) {
  const { rpc, net } = createFakeChain();
  const pages: string[] = [];
  lists.forEach((list, at) => {
    const host = `node${at}.example`;
    const other = net.nodes.get(host);
    net.nodes.set(host, (method, params) => {
      if (method !== "getSignaturesForAddress") return other?.(method, params) ?? { result: null };
      if (!Array.isArray(list)) return list;
      const { limit = 1_000, before } = params[1] as { limit?: number; before?: string };
      const from = before === undefined ? 0 : list.findIndex((one) => one.signature === before) + 1;
      pages.push(`${host} from ${from}`);
      return { result: list.slice(from, from + limit) };
    });
  });
  return { rpc, pages };
}

describe("a wallet's history", () => {
  test("goes back to the earlier of cursor and day, on every node", async ({ expect }) => {
    const old = history(4_000);
    const { rpc, pages } = chainWith(old, history(10));
    const [first, second] = await fetchHistory(rpc, WALLET, { ...SINCE, slot: 9_990 });
    // A minute apart, a day is 1,440 of them; block times may be a minute off.
    expect(first?.entries).toHaveLength(1_442);
    expect(first?.isWhole).toBe(true);
    expect(second?.entries).toHaveLength(10);
    expect(pages).toEqual([
      "node0.example from 0",
      "node1.example from 0",
      "node0.example from 1000",
    ]);
  });

  test("goes back behind the day where the cursor lies there", async ({ expect }) => {
    const { rpc } = chainWith(history(4_000), history(4_000));
    const [view] = await fetchHistory(rpc, WALLET, { ...SINCE, slot: 8_001 });
    expect(view?.entries).toHaveLength(2_000);
  });

  test("is bounded, and says that its oldest part is missing", async ({ expect }) => {
    const flood = history(7_000, 90_000);
    const { rpc } = chainWith(flood, flood);
    const [view] = await fetchHistory(rpc, WALLET, SINCE);
    expect(view?.entries).toHaveLength(5_000);
    expect(view?.isWhole).toBe(false);
  });

  test("of a node that fails is no history, and the others still speak", async ({ expect }) => {
    const { rpc } = chainWith({ failure: "timeout" }, history(3));
    const views = await fetchHistory(rpc, WALLET, SINCE);
    expect(views).toMatchObject([
      { provider: "node0.example", entries: null, isWhole: false },
      { provider: "node1.example", isWhole: true },
    ]);
    expect(views[1]?.entries).toHaveLength(3);
  });

  test("keeps what has no time, and tells reverted transactions apart", async ({ expect }) => {
    const [one, two] = history(2);
    if (one === undefined || two === undefined) throw new Error("expected two entries");
    const list = [
      { ...one, err: { InstructionError: [0, "Custom"] } },
      { ...two, blockTime: null },
    ];
    const { rpc } = chainWith(list, list);
    const [view] = await fetchHistory(rpc, WALLET, { slot: 20_000, tsMs: NOW_MS });
    expect(view?.entries).toEqual([
      { identity: "sig-0", slot: 10_000, isReverted: true, tsEventMs: NOW_MS },
      { identity: "sig-1", slot: 9_999, isReverted: false, tsEventMs: null },
    ]);
  });
});
