import { describe, test } from "vitest";
import { z } from "zod";
import { createFakeChain, SIGNATURE } from "./fake-chain.ts";
import { settle } from "./fake-net.ts";
import { type Landing, type Lane, type LaneAnswer, PLAIN_LANDING } from "./lane.ts";
import { LaneSet } from "./lanes.ts";

const TAKEN: LaneAnswer = { word: "accepted", detail: SIGNATURE, isLimited: false };
const REFUSED: LaneAnswer = { word: "refused", detail: "error -32003", isLimited: false };
const LIMITED: LaneAnswer = { word: "unclear", detail: "HTTP status 429", isLimited: true };
const TIPPED: Landing = {
  isProtected: false,
  plainAfterSlots: undefined,
  tips: [{ taker: "jito", account: "tip", lamports: 10_000n }],
};
const PROTECTED_EXIT: Landing = { ...TIPPED, isProtected: true, plainAfterSlots: 25 };
const NEVER = new Promise<LaneAnswer>(() => undefined);

interface FakeLane extends Lane {
  sent: { payload: string; isProtected: boolean }[];
  answer: LaneAnswer | Promise<LaneAnswer>;
  held: string | undefined;
}

function createLane(name: string, isProtected = true): FakeLane {
  const lane: FakeLane = {
    name,
    taker: "jito",
    isProtected,
    sent: [],
    answer: TAKEN,
    held: undefined,
    check: ({ tips, isProtected: wanted }) => {
      if (wanted && !isProtected) return "the order is protected";
      return tips.length === 0 ? "the transaction carries no tip for it" : undefined;
    },
    hold: () => lane.held,
    send: async (payload, _identity, landing) => {
      lane.sent.push({ payload, isProtected: landing.isProtected });
      return lane.answer;
    },
  };
  return lane;
}

function createWorld(...lanes: FakeLane[]) {
  const chain = createFakeChain();
  for (const node of chain.nodes) node.broken.set("sendTransaction", { result: SIGNATURE });
  const { rpc, clock, net } = chain;
  const set = new LaneSet({ rpc, lanes, clock, slotNow: () => 1_000 });
  const plainCalls = (): number =>
    net.calls.filter(({ method }) => method === "sendTransaction").length;
  const submit = (landing: Landing) => set.submit("bytes", SIGNATURE, landing);
  return { ...chain, set, submit, plainCalls };
}

const failNodes = ({ nodes }: ReturnType<typeof createWorld>): void => {
  for (const node of nodes) node.broken.set("sendTransaction", { failure: "timeout" });
};

describe("one transaction", () => {
  test("goes to all lanes at once, the same bytes, and the evidence names who took it", async ({
    expect,
  }) => {
    const [one, two] = [createLane("jito one"), createLane("jito two")];
    const world = createWorld(one, two);
    const outcome = await world.submit(TIPPED);
    const names = ["node0.example", "node1.example", "jito one", "jito two"];
    if (outcome.outcome !== "accepted") throw new Error(outcome.outcome);
    expect(outcome.lanes.toSorted()).toEqual(names.toSorted());
    expect([...one.sent, ...two.sent].map(({ payload }) => payload)).toEqual(["bytes", "bytes"]);
    expect(world.plainCalls()).toBe(2);
  });

  test("without a tip goes over plain RPC alone, and the lane is shown as left out", async ({
    expect,
  }) => {
    const lane = createLane("jito one");
    const outcome = await createWorld(lane).submit(PLAIN_LANDING);
    expect(lane.sent).toEqual([]);
    expect(outcome).toMatchObject({
      evidence: { answers: { "jito one": "left out: the transaction carries no tip for it" } },
    });
  });

  test("does not wait for a lane that hangs once another took it", async ({ expect }) => {
    const lane = createLane("jito one");
    lane.answer = NEVER;
    const world = createWorld(lane);
    const submitted = world.submit(TIPPED);
    await world.clock.advance(60);
    expect(await submitted).toMatchObject({
      outcome: "accepted",
      lanes: ["node0.example", "node1.example"],
    });
  });

  test("counts a lane that answers after the others", async ({ expect }) => {
    const lane = createLane("jito one");
    const late = Promise.withResolvers<LaneAnswer>();
    lane.answer = late.promise;
    const world = createWorld(lane);
    const submitted = world.submit(TIPPED);
    await world.clock.advance(60);
    await submitted;
    late.resolve(TAKEN);
    await settle();
    world.set.noteLanded(SIGNATURE, 1_003, 7_000n);
    const report = world.set.reports().find(({ name }) => name === "jito one");
    expect(report).toMatchObject({ sent: 1, accepted: 1, landed: 1, slotDelayP50: 3 });
    expect(report).toMatchObject({ tipLamports: 10_000n, feeLamports: 7_000n });
  });
});

describe("a refusal", () => {
  test("counts only when every lane that was asked is sure", async ({ expect }) => {
    const lane = createLane("jito one");
    const world = createWorld(lane);
    const bad = { error: { code: -32_003, message: "Transaction signature verification failure" } };
    for (const node of world.nodes) node.broken.set("sendTransaction", bad);
    lane.answer = LIMITED;
    expect((await world.submit(TIPPED)).outcome).toBe("unknown");
    lane.answer = REFUSED;
    expect((await world.submit(TIPPED)).outcome).toBe("rejected");
    lane.held = "it rests";
    expect((await world.submit(TIPPED)).outcome).toBe("unknown");
    lane.held = undefined;
    lane.answer = TAKEN;
    expect((await world.submit(TIPPED)).outcome).toBe("accepted");
  });

  test("of one lane alone ends nothing", async ({ expect }) => {
    const lane = createLane("jito one");
    lane.answer = REFUSED;
    const outcome = await createWorld(lane).submit(PROTECTED_EXIT);
    expect(outcome).toMatchObject({ outcome: "unknown" });
  });

  test("of several regions of one service is the word of one", async ({ expect }) => {
    const lanes = [createLane("jito one"), createLane("jito two")];
    for (const lane of lanes) lane.answer = REFUSED;
    expect((await createWorld(...lanes).submit(PROTECTED_EXIT)).outcome).toBe("unknown");
    const other = createLane("helius");
    other.answer = REFUSED;
    const both = createWorld(...lanes, { ...other, taker: "helius" });
    expect((await both.submit(PROTECTED_EXIT)).outcome).toBe("rejected");
  });

  test("is that nothing left when no lane could be asked at all", async ({ expect }) => {
    const lane = createLane("jito one");
    lane.held = "its limit of calls is reached";
    const world = createWorld(lane);
    const submitted = world.submit(PROTECTED_EXIT);
    await world.clock.advance(1_000);
    const outcome = await submitted;
    expect(outcome).toMatchObject({ outcome: "held" });
    expect(JSON.stringify(outcome)).toContain("its limit of calls is reached");
  });
});

describe("a lane that rests", () => {
  test("is left out of one round and never delays the others", async ({ expect }) => {
    const lane = createLane("jito one");
    lane.held = "it rests";
    const world = createWorld(lane);
    expect((await world.submit(TIPPED)).outcome).toBe("accepted");
    expect(lane.sent).toEqual([]);
    lane.held = undefined;
    await world.submit(TIPPED);
    expect(lane.sent).toHaveLength(1);
    expect(world.set.reports().find(({ name }) => name === "jito one")).toMatchObject({ held: 1 });
  });
});

test("a protected transaction waits a moment for a lane whose limit is reached", async ({
  expect,
}) => {
  const lane = createLane("jito one");
  lane.held = "its limit of calls is reached";
  const world = createWorld(lane);
  const submitted = world.submit(PROTECTED_EXIT);
  await world.clock.advance(400);
  lane.held = undefined;
  await world.clock.advance(100);
  expect(await submitted).toMatchObject({ outcome: "accepted", lanes: ["jito one"] });
  expect(lane.sent).toHaveLength(1);
});

describe("a node that rests", () => {
  test("still gets what it has not taken yet, and is spared what it has", async ({ expect }) => {
    const world = createWorld();
    const [first] = world.nodes;
    await world.submit(PLAIN_LANDING);
    first.broken.set("getSlot", { status: 429, body: "{}", headers: { "retry-after": "10" } });
    await world.rpc.askAll("getSlot", [], z.number());
    expect(world.rpc.providers[0]?.breaker.state()).toBe("open");
    await world.submit(PLAIN_LANDING);
    expect(world.plainCalls()).toBe(3);
    await world.set.submit("other bytes", "x".repeat(88), PLAIN_LANDING);
    expect(world.plainCalls()).toBe(5);
  });
});

describe("a protected order", () => {
  test("touches no plain lane", async ({ expect }) => {
    const [kept, open] = [createLane("jito one"), createLane("jupiter", false)];
    const world = createWorld(kept, open);
    const outcome = await world.submit(PROTECTED_EXIT);
    expect(outcome).toMatchObject({ outcome: "accepted", lanes: ["jito one"] });
    expect(kept.sent).toEqual([{ payload: "bytes", isProtected: true }]);
    expect(open.sent).toEqual([]);
    expect(world.plainCalls()).toBe(0);
  });

  test("that is an exit goes everywhere after its slots, with the same bytes", async ({
    expect,
  }) => {
    const lane = createLane("jito one");
    lane.answer = LIMITED;
    const world = createWorld(lane);
    expect((await world.submit(PROTECTED_EXIT)).outcome).toBe("unknown");
    await world.clock.advance(25 * 400 - 1);
    await world.submit(PROTECTED_EXIT);
    expect(world.plainCalls()).toBe(0);
    await world.clock.advance(1);
    expect((await world.submit(PROTECTED_EXIT)).outcome).toBe("accepted");
    expect(world.plainCalls()).toBe(2);
    expect(lane.sent.map(({ isProtected }) => isProtected)).toEqual([true, true, false]);
  });

  test("that is a buy stays protected for ever", async ({ expect }) => {
    const world = createWorld(createLane("jito one"));
    const entry = { ...PROTECTED_EXIT, plainAfterSlots: undefined };
    await world.submit(entry);
    await world.clock.advance(3_600_000);
    await world.submit(entry);
    expect(world.plainCalls()).toBe(0);
  });
});

describe("all lanes down", () => {
  test("are asked again with the same bytes until one of them is back", async ({ expect }) => {
    const lane = createLane("jito one");
    const world = createWorld(lane);
    failNodes(world);
    lane.answer = LIMITED;
    for (let n = 0; n < 3; n++) {
      const submitted = world.submit(TIPPED);
      await world.clock.advance(1_000);
      expect((await submitted).outcome).toBe("unknown");
    }
    lane.answer = TAKEN;
    expect(await world.submit(TIPPED)).toMatchObject({ outcome: "accepted", lanes: ["jito one"] });
    expect(lane.sent).toHaveLength(4);
  });
});

test("a node of another chain gets nothing, and nothing is called refused then", async ({
  expect,
}) => {
  const world = createWorld();
  world.nodes[1].broken.set("getGenesisHash", {
    result: "4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY",
  });
  await world.rpc.checkChain().catch(() => undefined);
  const outcome = await world.submit(PLAIN_LANDING);
  expect(outcome).toMatchObject({ outcome: "accepted", lanes: ["node0.example"] });
  expect(world.plainCalls()).toBe(1);
});
