import { describe, test } from "vitest";
import { BlockhashBook } from "./blockhash-book.ts";
import { createFakeChain } from "./fake-chain.ts";
import type { FakeAnswer } from "./fake-net.ts";

const HASHES = [
  "EkSnNWid2cvwEVnVx9aBqawnmiCNiDgp3gUdkDPTKN1N",
  "GkwFnmMDvn3HGMpJpWBg8tgJxr3NxNvg3AXxvXVPbRGJ",
] as const;

/** Envelope of the Solana JSON-RPC documentation, getLatestBlockhash. */
function hash(at: 0 | 1, lastValidBlockHeight: number): FakeAnswer {
  const value = { blockhash: HASHES[at], lastValidBlockHeight };
  return { result: { context: { apiVersion: "2.3.6", slot: lastValidBlockHeight + 500 }, value } };
}

function createBook() {
  const { clock, nodes, rpc, net } = createFakeChain();
  const book = new BlockhashBook({ rpc, clock, settings: { pollMs: 2_000, staleMs: 15_000 } });
  const say = (first: FakeAnswer, second: FakeAnswer): void => {
    nodes[0].broken.set("getLatestBlockhash", first);
    nodes[1].broken.set("getLatestBlockhash", second);
  };
  return { book, clock, say, net };
}

const DOWN: FakeAnswer = { failure: "timeout" };

describe("the blockhash at hand", () => {
  test("is the one that lives longest, with its own bound", async ({ expect }) => {
    const { book, say } = createBook();
    expect(book.latest()).toBeUndefined();
    say(hash(0, 1_000), hash(1, 1_004));
    await book.refresh();
    expect(book.latest()).toMatchObject({ blockhash: HASHES[1], lastValidBlockHeight: 1_004 });
  });

  test("is not taken from a node that runs a lifetime ahead of the others", async ({ expect }) => {
    const { book, say } = createBook();
    say(hash(0, 1_000), hash(1, 9_000_000));
    await book.refresh();
    say(hash(0, 1_005), hash(1, 9_000_005));
    await book.refresh();
    expect(book.latest()).toMatchObject({ blockhash: HASHES[0], lastValidBlockHeight: 1_005 });
  });

  test("is none from the start while one node stands still behind the other", async ({
    expect,
  }) => {
    const { book, say, clock } = createBook();
    for (let polls = 0; polls < 20; polls++) {
      say(hash(0, 1_000), hash(1, 4_400 + 5 * polls));
      await book.refresh();
      expect(book.latest()).toBeUndefined();
      await clock.advance(2_000);
    }
  });

  test("is that of the node that goes on when the other one stands still", async ({ expect }) => {
    const { book, say, clock } = createBook();
    say(hash(0, 1_000), hash(0, 1_000));
    await book.refresh();
    for (let polls = 1; polls <= 300; polls++) {
      await clock.advance(2_000);
      const height = 1_000 + Math.floor(5.1 * polls);
      say(hash(0, 1_000), hash(1, height));
      await book.refresh();
      // What stands still is a hash that has expired: nothing on it can land any more.
      expect(book.latest()).toMatchObject({ lastValidBlockHeight: height });
    }
  });

  test("is not taken from a node that runs away bit by bit", async ({ expect }) => {
    const { book, say, clock } = createBook();
    let furthest = 0;
    for (let polls = 0; polls < 300; polls++) {
      const height = 1_000 + 5 * polls;
      say(hash(0, height), hash(1, height + 140 * polls));
      await book.refresh();
      furthest = Math.max(furthest, (book.latest()?.lastValidBlockHeight ?? 0) - height);
      await clock.advance(2_000);
    }
    expect(furthest).toBeLessThanOrEqual(300);
  });

  test("is kept while a node falls behind, and replaced once it is too old", async ({ expect }) => {
    const { book, say, clock } = createBook();
    say(hash(0, 1_000), DOWN);
    await book.refresh();
    say(hash(1, 900), DOWN);
    await book.refresh();
    expect(book.latest()?.lastValidBlockHeight).toBe(1_000);
    await clock.advance(15_001);
    await book.refresh();
    expect(book.latest()?.lastValidBlockHeight).toBe(900);
  });

  test("is not given out when it is too old, whatever the nodes do", async ({ expect }) => {
    const { book, say, clock } = createBook();
    say(hash(0, 1_000), DOWN);
    await book.refresh();
    say(DOWN, { result: "nonsense" });
    await clock.advance(15_000);
    await book.refresh();
    expect(book.latest()).toBeDefined();
    await clock.advance(1);
    expect(book.latest()).toBeUndefined();
    expect(book.slotNow()).toBe(1_537);
  });

  test("is asked for again and again until it is stopped", async ({ expect }) => {
    const { book, say, clock, net } = createBook();
    say(hash(0, 1_000), hash(1, 1_004));
    book.start();
    book.start();
    await clock.advance(4_100);
    const asked = net.calls.length;
    expect(asked).toBe(6);
    const stopped = book.stop();
    await clock.advance(10_000);
    await stopped;
    expect(net.calls.length).toBe(asked);
  });
});
