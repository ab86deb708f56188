import { afterAll, beforeAll, describe, test } from "vitest";
import { VirtualClock } from "../../models/virtual-clock.ts";
import { NATIVE_MINT } from "../../models/token-accounts.ts";
import { Gateway } from "./gateway.ts";
import { TestWorld } from "./test-world.ts";

const START_MS = 1_790_000_000_000;

describe("gateway", () => {
  test("the window slides: one slot frees when the oldest request is a minute old", async ({
    expect,
  }) => {
    const clock = new VirtualClock(START_MS);
    const gateway = new Gateway(clock, { slow: "free" });
    for (let count = 0; count < 60; count += 1) {
      expect(gateway.admit("slow", "main").kind).toBe("admitted");
      await clock.advance(500);
    }
    const refused = gateway.admit("slow", "main");
    expect(refused).toEqual({
      kind: "limited",
      headers: {
        "x-ratelimit-remaining": "0",
        "x-ratelimit-current": "60",
        "x-ratelimit-reset": String(START_MS / 1_000 + 60),
      },
    });
    await clock.advance(29_999);
    expect(gateway.admit("slow", "main").kind).toBe("limited");
    await clock.advance(1);
    expect(gateway.admit("slow", "main").kind).toBe("admitted");
    expect(gateway.admit("slow", "main").kind).toBe("limited");
  });

  test("execution has a bucket of its own, and so has every key", ({ expect }) => {
    const gateway = new Gateway(new VirtualClock(START_MS), { slow: "free", fast: "developer" });
    for (let count = 0; count < 60; count += 1) gateway.admit("slow", "main");
    expect(gateway.admit("slow", "main").kind).toBe("limited");
    expect(gateway.admit("slow", "execute").kind).toBe("admitted");
    expect(gateway.admit("fast", "main").kind).toBe("admitted");
  });
});

describe("the served gateway", () => {
  let world: TestWorld;

  beforeAll(async () => {
    world = await TestWorld.start();
  });

  afterAll(() => world.close());

  test("an unknown key is 401, no key is the keyless plan", async ({ expect }) => {
    const path = `/price/v3?ids=${NATIVE_MINT}`;
    const unknown = await world.get(path, "stolen");
    expect(unknown.status).toBe(401);
    expect(unknown.headers.get("x-ratelimit-remaining")).toBeNull();
    const keyless = await world.get(path, null);
    expect(keyless.status).toBe(200);
    expect(keyless.headers.get("x-ratelimit-remaining")).toBe("29");
    expect(keyless.headers.get("x-api-gateway-request-id")).toMatch(/^[0-9a-f]{32}$/);
  });

  test("the limit bites with 429 and lets go a minute later", async ({ expect }) => {
    const path = `/price/v3?ids=${NATIVE_MINT}`;
    const statuses: number[] = [];
    for (let count = 0; count < 61; count += 1) {
      const response = await world.get(path, "slow");
      statuses.push(response.status);
      const body = await response.text();
      if (response.status === 429) expect(body).toContain("[API Gateway] Too many requests");
    }
    expect(statuses.filter((status) => status === 200).length).toBe(60);
    expect(statuses.at(-1)).toBe(429);
    await world.post("/world/clock", { shiftMs: 60_001 });
    expect((await world.get(path, "slow")).status).toBe(200);
  });
});
