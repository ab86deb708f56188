import { describe, test } from "vitest";
import { z } from "zod";
import { evenPrng, type FakeAnswer, FakeClock, FakeLog, FakeNet } from "./fake-net.ts";
import { blockhashAnswer } from "./rpc-answers.ts";
import { Rpc } from "./rpc.ts";

const SLOT = z.number();
const KEYED = "https://one.example/?api-key=hush-hush";

/** Envelope of the Solana JSON-RPC documentation, getLatestBlockhash. */
function blockhash(lastValidBlockHeight: number, slot: number): FakeAnswer {
  return {
    result: {
      _source: "solana.com/docs/rpc/http/getlatestblockhash",
      context: { apiVersion: "2.3.6", slot },
      value: { blockhash: "EkSnNWid2cvwEVnVx9aBqawnmiCNiDgp3gUdkDPTKN1N", lastValidBlockHeight },
    },
  };
}

function createWorld(first: FakeAnswer, second: FakeAnswer) {
  const net = new FakeNet();
  const clock = new FakeClock();
  const log = new FakeLog();
  const answers = { one: first, two: second };
  net.nodes.set("one.example", () => answers.one);
  net.nodes.set("two.example", () => answers.two);
  const urls = [KEYED, "https://two.example/"];
  const rpc = new Rpc({ net, clock, prng: evenPrng, log, settings: { urls, timeoutMs: 1_000 } });
  return { net, clock, log, answers, rpc };
}

describe("a question to one of several nodes", () => {
  test.for<[string, FakeAnswer]>([
    ["refuses the connection", { failure: "refused" }],
    ["times out", { failure: "timeout" }],
    ["answers 500", { status: 500, body: "oops" }],
    ["asks for patience", { status: 429, body: "{}", headers: { "retry-after": "3" } }],
    ["answers garbage", { status: 200, body: "<html>" }],
    ["answers another shape", { result: "twelve" }],
    ["is behind", { error: { code: -32_016, message: "Minimum context slot not reached" } }],
  ])("goes to the second when the first %s", async ([, broken], { expect }) => {
    const { rpc } = createWorld(broken, { result: 12 });
    expect(await rpc.ask("getSlot", [], SLOT)).toBe(12);
  });

  test("fails with a code that says what kind of trouble it is", async ({ expect }) => {
    const code = async (answer: FakeAnswer) =>
      createWorld(answer, answer)
        .rpc.ask("getSlot", [], SLOT)
        .catch((error: unknown) => (error as { code: string }).code);
    expect(await code({ failure: "timeout" })).toBe("RAPTOR_VENUE__UNAVAILABLE");
    expect(await code({ status: 429, body: "" })).toBe("RAPTOR_VENUE__RATE_LIMITED");
    const used = { error: { code: -32_429, message: "max usage reached" } };
    expect(await code(used)).toBe("RAPTOR_VENUE__RATE_LIMITED");
    expect(await code({ status: 200, body: "{" })).toBe("RAPTOR_VENUE__BAD_ANSWER");
  });

  test("rests a node after three failures, tries it once, and takes it back", async ({
    expect,
  }) => {
    const { rpc, net, clock, answers } = createWorld({ failure: "timeout" }, { result: 1 });
    const asked = (): number => net.calls.filter(({ host }) => host === "one.example").length;
    for (let n = 0; n < 6; n++) await rpc.ask("getSlot", [], SLOT);
    expect(asked()).toBe(3);
    expect(rpc.health()[0]).toMatchObject({ name: "rpc one.example", ok: false });
    await clock.advance(2_000);
    answers.two = { failure: "timeout" };
    answers.one = { result: 2 };
    expect(await rpc.ask("getSlot", [], SLOT)).toBe(2);
    expect(rpc.providers[0]?.breaker.state()).toBe("closed");
  });

  test.for([429, -32_429])(
    "rests a node that names its limit only in the body, as %i",
    async (code, { expect }) => {
      const limited = { error: { code, message: "too many requests" } };
      const { rpc, net } = createWorld(limited, { result: 1 });
      for (let n = 0; n < 6; n++) await rpc.ask("getSlot", [], SLOT);
      expect(net.calls.filter(({ host }) => host === "one.example")).toHaveLength(1);
    },
  );

  test("still asks resting nodes when nobody else answers", async ({ expect }) => {
    const { rpc, answers } = createWorld({ failure: "timeout" }, { failure: "timeout" });
    for (let n = 0; n < 4; n++) await rpc.ask("getSlot", [], SLOT).catch(() => 0);
    answers.one = { result: 9 };
    expect(await rpc.ask("getSlot", [], SLOT)).toBe(9);
  });

  test("shows no address and no key in errors, health and logs", async ({ expect }) => {
    const { rpc, log } = createWorld({ failure: "reset" }, { failure: "reset" });
    const error: unknown = await rpc.ask("getSlot", [], SLOT).catch((caught: unknown) => caught);
    await rpc.checkChain();
    const seen = [String(error), JSON.stringify(rpc.health()), JSON.stringify(log.lines)].join();
    expect(seen).toContain("one.example");
    expect(seen).not.toContain("hush-hush");
    expect(seen).not.toContain("https");
  });
});

describe("a question to all nodes", () => {
  test("takes the newest blockhash, so that a node that stands still does not decide", async ({
    expect,
  }) => {
    const { rpc } = createWorld(blockhash(3_090, 2_792), blockhash(3_210, 2_920));
    const newest = await rpc.askNewest(
      "getLatestBlockhash",
      [{ commitment: "confirmed" }],
      blockhashAnswer,
      ({ value }) => value.lastValidBlockHeight,
    );
    expect(newest.value.lastValidBlockHeight).toBe(3_210);
  });

  test("returns each node's own end, failures included", async ({ expect }) => {
    const { rpc } = createWorld({ result: 5 }, { failure: "reset" });
    const results = await rpc.askAll("getSlot", [], SLOT);
    expect(results).toEqual([
      { ok: true, provider: "one.example", value: 5 },
      {
        ok: false,
        provider: "two.example",
        failure: { kind: "net", detail: "reset" },
      },
    ]);
  });
});

describe("the chain check", () => {
  const mainnet = { result: "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d" };
  const other = { result: "4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY" };

  test("stops when two nodes serve different chains", async ({ expect }) => {
    const { rpc } = createWorld(mainnet, other);
    await expect(rpc.checkChain()).rejects.toMatchObject({ code: "RAPTOR_VENUE__BAD_ANSWER" });
  });

  test("goes on without a node that does not answer, and trusts it with no proof", async ({
    expect,
  }) => {
    const { rpc } = createWorld(mainnet, { failure: "refused" });
    await rpc.checkChain();
    expect(rpc.hasConfirmedChain("one.example")).toBe(true);
    expect(rpc.hasConfirmedChain("two.example")).toBe(false);
    expect(rpc.health()[1]?.ok).toBe(false);
  });
});

test("a node of another chain is never asked for anything again", async ({ expect }) => {
  const { rpc, net, answers } = createWorld(
    { result: "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d" },
    { result: "4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY" },
  );
  await rpc.checkChain().catch(() => undefined);
  net.calls.length = 0;
  answers.one = { failure: "timeout" };
  answers.two = { result: 99 };
  await expect(rpc.ask("getSlot", [], SLOT)).rejects.toThrow();
  await expect(rpc.askNewest("getSlot", [], SLOT, (slot) => slot)).rejects.toThrow();
  expect(net.calls.map(({ host }) => host)).not.toContain("two.example");
});
