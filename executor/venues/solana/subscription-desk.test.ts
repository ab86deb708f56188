import { describe, test } from "vitest";
import { FakeClock, FakeLog } from "./fake-net.ts";
import { type SocketSubscription, SubscriptionDesk } from "./subscription-desk.ts";

interface Sent {
  id: number;
  method: string;
  params: unknown[];
}

function createWorld(subscriptionsMax = 1_000) {
  const clock = new FakeClock();
  const log = new FakeLog();
  const sent: Sent[] = [];
  const send = (text: string): void => void sent.push(JSON.parse(text) as Sent);
  const slot = (): number => 0;
  const desk = new SubscriptionDesk({ clock, log, name: "node", subscriptionsMax, send, slot });
  return { clock, log, sent, desk };
}

function account(name: string, told: string[] = []): SocketSubscription {
  return {
    method: "accountSubscribe",
    params: [name],
    isOnce: false,
    onValue: () => told.push(`${name} value`),
    onGap: () => undefined,
    onActive: () => told.push(`${name} active`),
    onRefused: () => told.push(`${name} refused`),
  };
}

describe("the desk of a connection", () => {
  test("rests after a refusal, longer after each, and asks again", async ({ expect }) => {
    const { clock, desk, sent } = createWorld();
    const told: string[] = [];
    desk.open();
    desk.add(account("a", told));
    desk.refuse(1, "429 too many");
    expect(told).toEqual(["a refused"]);
    expect(desk.isResting()).toBe(true);
    desk.add(account("b", told));
    desk.tick();
    expect(sent).toHaveLength(1);
    await clock.advance(1_000);
    desk.tick();
    expect(sent.map(({ params }) => params[0])).toEqual(["a", "a", "b"]);
    desk.refuse(2, "429 too many");
    await clock.advance(1_500);
    expect(desk.isResting()).toBe(true);
    await clock.advance(500);
    expect(desk.isResting()).toBe(false);
    desk.tick();
    desk.confirm(4, 77);
    expect(told.at(-1)).toMatch(/active$/);
    desk.refuse(3, "429 too many");
    await clock.advance(1_000);
    expect(desk.isResting()).toBe(false);
  });

  test("takes a request that nobody answers for refused", async ({ expect }) => {
    const { clock, desk, sent } = createWorld();
    const told: string[] = [];
    desk.open();
    desk.add(account("a", told));
    await clock.advance(10_000);
    desk.tick();
    expect(told).toEqual(["a refused"]);
    await clock.advance(1_000);
    desk.tick();
    expect(sent).toHaveLength(2);
    expect(desk.counts).toMatchObject({ refusals: 1 });
    desk.confirm(1, 55);
    expect(sent.at(-1)).toMatchObject({ method: "accountUnsubscribe", params: [55] });
    desk.confirm(2, 56);
    expect(told.at(-1)).toBe("a active");
  });

  test("unsubscribes what was given up before the node confirmed it", ({ expect }) => {
    const { desk, sent } = createWorld();
    const told: string[] = [];
    desk.open();
    const entry = desk.add(account("a", told));
    desk.remove(entry);
    desk.confirm(1, 55);
    expect(sent.at(-1)).toMatchObject({ method: "accountUnsubscribe", params: [55] });
    expect(told).toEqual([]);
    desk.deliver(55, { context: { slot: 1 } });
    expect(told).toEqual([]);
  });

  test("asks for no more than a connection carries", async ({ expect }) => {
    const { clock, desk, sent } = createWorld(2);
    desk.open();
    const [first] = ["a", "b", "c"].map((name) => desk.add(account(name)));
    desk.confirm(1, 11);
    desk.confirm(2, 12);
    await clock.advance(1_000);
    desk.tick();
    expect(sent).toHaveLength(2);
    if (first !== undefined) desk.remove(first);
    desk.tick();
    expect(sent.at(-1)).toMatchObject({ method: "accountSubscribe", params: ["c"] });
  });

  test("knows the ids of one connection only, and counts what came back", ({ expect }) => {
    const { desk } = createWorld();
    const told: string[] = [];
    desk.open();
    desk.add(account("a", told));
    desk.confirm(1, 55);
    desk.close();
    desk.open();
    expect(desk.deliver(55, { context: { slot: 1 } })).toBe(false);
    desk.confirm(2, 9);
    expect(desk.deliver(9, { context: { slot: 1 } })).toBe(true);
    expect(told).toEqual(["a active", "a active", "a value"]);
    expect(desk.counts).toEqual({ resubscribes: 1, refusals: 0, drops: 1 });
  });
});
