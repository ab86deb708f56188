import { test } from "vitest";
import type { PoolPrice } from "../../ports/market.ts";
import { settle } from "./fake-net.ts";
import { createPoolBook } from "./pool-book.ts";
import { CURVE, curveAccounts, MINT } from "./pool-bytes-fixture.ts";
import { createStreamWorld } from "./streams-fixture.ts";

const BASE = 1_000_000_000_000n;
const QUOTE = 30_000_000_000n;
const HOUR_MS = 3_600_000;

test("an answer that waited while the process stood still tells no price", async ({ expect }) => {
  const { rpc, streams, clock, log, node } = createStreamWorld();
  const show = (base: bigint): void => {
    for (const [address, account] of curveAccounts(base, QUOTE)) {
      node.accounts.set(address, account);
    }
  };
  show(BASE);
  const one = node.open("one.example");
  const book = createPoolBook({ rpc, streams, clock, log });
  const prices: PoolPrice[] = [];
  book.onPrice((price) => prices.push(price));
  book.track(MINT);
  await settle();
  node.answer(one);
  await settle();
  expect(prices).toHaveLength(1);
  // The pool halves and recovers; no stream tells of it, and one read has seen it at its half.
  node.slot += 3;
  show(BASE * 2n);
  const ask = rpc.ask.bind(rpc);
  rpc.ask = async (method, params, schema) => {
    const answer = await ask(method, params, schema);
    rpc.ask = ask;
    show(BASE);
    clock.standStill(HOUR_MS);
    return answer;
  };
  streams.refresh([CURVE.address]);
  await settle();
  expect(prices.slice(1).filter(({ isStale }) => isStale !== true)).toEqual([]);
});
