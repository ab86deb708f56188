import { describe, test } from "vitest";
import type { AccountUpdate } from "./account-streams.ts";
import { settle } from "./fake-net.ts";
import { addressOf, bytesOf, createStreamWorld } from "./streams-fixture.ts";

const A = addressOf(1);

/** Both providers open, one account watched and current. */
async function start() {
  const world = createStreamWorld();
  const { clock, node, streams } = world;
  node.accounts.set(A, { bytes: bytesOf("first") });
  const one = node.open("one.example");
  const two = node.open("two.example");
  const seen: AccountUpdate[] = [];
  const unwatch = streams.watch(A, (update) => seen.push(update));
  node.answer(one);
  await settle();
  const texts = (): string[] => seen.map(({ bytes }) => Buffer.from(bytes).toString());
  /** Time passes while both providers tell of slots and of nothing else. */
  async function pass(ms: number): Promise<void> {
    for (let at = 0; at < ms; at += 500) {
      node.slot += 1;
      for (const socket of [one, two]) node.beat(socket);
      await clock.advance(500);
    }
  }
  return { ...world, one, two, seen, texts, unwatch, pass };
}

describe("a watched account", () => {
  test("is read first and then told of, synchronously with the frame", async ({ expect }) => {
    const { streams, node, one, seen, texts } = await start();
    expect(texts()).toEqual(["first"]);
    expect(seen[0]).toMatchObject({ isSnapshot: true, slot: 1_000, lamports: 1n });
    expect(streams.isFresh(A)).toBe(true);
    node.tell(one, A, { bytes: bytesOf("second"), lamports: 5 }, 1_001);
    expect(seen.at(-1)).toMatchObject({ isSnapshot: false, slot: 1_001, lamports: 5n });
    expect(texts().at(-1)).toBe("second");
  });

  test("ignores late frames, and takes the last of one slot", async ({ expect }) => {
    const { node, one, texts } = await start();
    for (const slot of [1_005, 1_003, 1_005, 1_006]) {
      node.tell(one, A, { bytes: bytesOf(`${slot}`) }, slot);
    }
    expect(texts().slice(1)).toEqual(["1005", "1005", "1006"]);
  });

  test("ignores a poll of a node that is behind, and a frame that a poll overtook", async ({
    expect,
  }) => {
    const { node, one, streams, texts } = await start();
    node.tell(one, A, { bytes: bytesOf("told") }, 1_005);
    node.accounts.set(A, { bytes: bytesOf("old") });
    node.slot = 1_004;
    streams.refresh([A]);
    await settle();
    expect(texts().at(-1)).toBe("told");
    node.accounts.set(A, { bytes: bytesOf("new") });
    node.slot = 1_009;
    streams.refresh([A]);
    await settle();
    node.tell(one, A, { bytes: bytesOf("late") }, 1_008);
    expect(texts().at(-1)).toBe("new");
  });

  test("is not frozen by a slot that cannot be", async ({ expect }) => {
    const { node, one, texts } = await start();
    node.tell(one, A, { bytes: bytesOf("lie") }, 9_000_000);
    node.tell(one, A, { bytes: bytesOf("next") }, 1_001);
    expect(texts()).toEqual(["first", "next"]);
  });

  test("is not frozen by a node whose slots all lie, once it is left", async ({ expect }) => {
    const { node, streams } = createStreamWorld();
    node.slot = 9_000_000;
    const liar = node.open("one.example");
    node.slot = 1_000;
    node.accounts.set(A, { bytes: bytesOf("truth") });
    const two = node.open("two.example");
    streams.watch(A, () => undefined);
    node.answer(liar);
    await settle();
    node.tell(liar, A, { bytes: bytesOf("lie") }, 9_000_001);
    expect(streams.latest(A)?.slot).toBe(9_000_001);
    liar.onClose("gone");
    node.answer(two);
    await settle();
    expect(streams.latest(A)).toMatchObject({ slot: 1_000 });
    expect(streams.isFresh(A)).toBe(true);
  });

  test("that does not exist is told as empty", async ({ expect }) => {
    const { streams } = await start();
    const seen: AccountUpdate[] = [];
    streams.watch(addressOf(2), (update) => seen.push(update));
    await settle();
    expect(seen[0]).toMatchObject({ lamports: 0n, isSnapshot: true });
    expect(seen[0]?.bytes).toHaveLength(0);
  });

  test("costs one subscription however many watch, and none when all have left", async ({
    expect,
  }) => {
    const { streams, one, unwatch, node, texts } = await start();
    const other: AccountUpdate[] = [];
    const unwatchOther = streams.watch(A, (update) => other.push(update));
    expect(other).toHaveLength(1);
    const asked = one.sent.filter(({ method }) => method === "accountSubscribe");
    expect(asked).toHaveLength(1);
    unwatch();
    node.tell(one, A, { bytes: bytesOf("next") }, 1_001);
    expect(other).toHaveLength(2);
    expect(texts()).toHaveLength(1);
    unwatchOther();
    const params = [node.idOf(one, A)];
    expect(one.sent.at(-1)).toMatchObject({ method: "accountUnsubscribe", params });
    expect(streams.latest(A)).toBeUndefined();
  });

  test("survives frames that cannot be read, and asks what they meant", async ({ expect }) => {
    const { one, node, texts } = await start();
    const subscription = node.idOf(one, A);
    const count = node.reads.length;
    node.accounts.set(A, { bytes: bytesOf("truth") });
    node.slot = 1_002;
    const broken = [null, { data: ["%%%", "base64"], lamports: 1, owner: "x" }, { data: "" }];
    for (const value of broken) {
      const result = { context: { slot: 1_001 }, value };
      node.say(one, { method: "accountNotification", params: { result, subscription } });
    }
    await settle();
    expect(node.reads).toHaveLength(count + 1);
    expect(texts().at(-1)).toBe("truth");
  });
});

describe("streams that fail", () => {
  test("move to the other provider when they break, and read what they missed", async ({
    expect,
  }) => {
    const { one, two, streams, node, texts } = await start();
    node.accounts.set(A, { bytes: bytesOf("missed") });
    node.slot = 1_010;
    one.onClose("code 1006");
    expect(streams.isFresh(A)).toBe(false);
    node.answer(two);
    await settle();
    expect(texts().at(-1)).toBe("missed");
    expect(streams.isFresh(A)).toBe(true);
    node.tell(two, A, { bytes: bytesOf("live") }, 1_011);
    expect(texts().at(-1)).toBe("live");
  });

  test("subscribe again after a break when there is nobody else", async ({ expect }) => {
    const { clock, node, one, two, streams, texts } = await start();
    one.onClose("gone");
    two.onClose("gone");
    node.accounts.set(A, { bytes: bytesOf("later") });
    node.slot = 1_020;
    await clock.advance(500);
    expect(node.connection("one.example")).not.toBe(one);
    node.open("one.example");
    await clock.advance(50);
    expect(texts().at(-1)).toBe("later");
    expect(streams.isFresh(A)).toBe(true);
  });

  test("are stale when slots stop, and polls carry the account on", async ({ expect }) => {
    const { clock, node, streams, texts } = await start();
    node.isHttpDown = true;
    await clock.advance(2_600);
    expect(streams.isFresh(A)).toBe(false);
    expect(streams.health()).toMatchObject({ ok: true });
    await clock.advance(5_000);
    expect(streams.health().ok).toBe(false);
    node.isHttpDown = false;
    node.accounts.set(A, { bytes: bytesOf("polled") });
    node.slot = 1_010;
    await clock.advance(4_000);
    expect(texts().at(-1)).toBe("polled");
  });

  test("stay where they have just gone while nodes stumble in turn", async ({ expect }) => {
    const { clock, node, one, two, streams, texts } = await start();
    const asked = (socket: typeof one): number =>
      socket.sent.filter(({ method }) => method === "accountSubscribe").length;
    const passWith = async (living: typeof one, ms: number): Promise<void> => {
      for (let at = 0; at < ms; at += 500) {
        node.slot += 1;
        node.beat(living);
        await clock.advance(500);
      }
    };
    await passWith(two, 4_000);
    expect([asked(one), asked(two)]).toEqual([1, 1]);
    await passWith(one, 4_000);
    expect([asked(one), asked(two)]).toEqual([1, 1]);
    node.accounts.set(A, { bytes: bytesOf("polled") });
    await passWith(one, 1_500);
    expect(texts().at(-1)).toBe("polled");
    two.onClose("gone");
    expect([asked(one), asked(two)]).toEqual([2, 1]);
    expect(streams.isFresh(A)).toBe(false);
    node.answer(one);
    await settle();
    expect(streams.isFresh(A)).toBe(true);
  });

  test("are replaced when a poll shows what a living connection kept silent about", async ({
    expect,
  }) => {
    const { node, streams, two, texts, pass, log } = await start();
    node.accounts.set(A, { bytes: bytesOf("moved") });
    await pass(1_500);
    expect(texts().at(-1)).toBe("moved");
    expect(streams.isFresh(A)).toBe(false);
    await pass(2_500);
    expect(node.idOf(two, A)).toBeDefined();
    node.answer(two);
    await settle();
    expect(streams.isFresh(A)).toBe(true);
    expect(log.lines.some(({ message }) => message.includes("silent"))).toBe(true);
  });

  test("are not called fresh by a frame that is older than what a poll has shown", async ({
    expect,
  }) => {
    const { node, one, streams, texts } = await start();
    node.accounts.set(A, { bytes: bytesOf("polled") });
    node.slot = 1_005;
    node.beat(one);
    streams.refresh([A]);
    await settle();
    expect([texts().at(-1), streams.isFresh(A)]).toEqual(["polled", false]);
    node.tell(one, A, { bytes: bytesOf("late") }, 1_003);
    expect([texts().at(-1), streams.isFresh(A)]).toEqual(["polled", false]);
    node.tell(one, A, { bytes: bytesOf("polled") }, 1_004);
    expect(streams.isFresh(A)).toBe(true);
  });

  test("are trusted when the notification comes after the poll", async ({ expect }) => {
    const { node, streams, two, one, pass } = await start();
    node.accounts.set(A, { bytes: bytesOf("moved") });
    await pass(1_500);
    expect(streams.isFresh(A)).toBe(false);
    node.tell(one, A, { bytes: bytesOf("moved") }, node.slot - 3);
    expect(streams.isFresh(A)).toBe(true);
    await pass(3_000);
    expect(node.idOf(two, A)).toBeUndefined();
  });

  test("turn to the second provider when the first refuses", async ({ expect }) => {
    const { node, streams } = createStreamWorld();
    node.accounts.set(A, { bytes: bytesOf("first") });
    const one = node.open("one.example");
    const two = node.open("two.example");
    streams.watch(A, () => undefined);
    node.answer(one, true);
    node.answer(two);
    await settle();
    expect(node.idOf(two, A)).toBeDefined();
    expect(streams.isFresh(A)).toBe(true);
  });
});

describe("a subscription's hole", () => {
  test("stays open while the polled node is behind the stream", async ({ expect }) => {
    const { node, streams, clock } = createStreamWorld();
    node.accounts.set(A, { bytes: bytesOf("old") });
    node.slot = 1_010;
    const one = node.open("one.example");
    node.slot = 1_005;
    streams.watch(A, () => undefined);
    node.answer(one);
    await settle();
    expect(streams.isFresh(A)).toBe(false);
    node.slot = 1_011;
    node.beat(one);
    await clock.advance(1_100);
    expect(streams.isFresh(A)).toBe(true);
  });
});

describe("many accounts", () => {
  test("fill the connections of a provider evenly, at a pace, a hundred per read", async ({
    expect,
  }) => {
    const { streams, node, clock } = createStreamWorld(2, 200);
    const sockets = [0, 1].map((n) => node.open("one.example", n));
    for (let n = 0; n < 300; n++) streams.watch(addressOf(n), () => undefined);
    const asked = (): number[] =>
      sockets.map(({ sent }) => sent.filter(({ method }) => method === "accountSubscribe").length);
    // The hundredth of each is for the slots.
    expect(asked()).toEqual([99, 99]);
    await clock.advance(200);
    expect(asked()).toEqual([150, 150]);
    for (const socket of sockets) node.answer(socket);
    await clock.advance(200);
    expect(node.reads.every((addresses) => addresses.length <= 100)).toBe(true);
    expect(new Set(node.reads.flat()).size).toBe(300);
  });
});
