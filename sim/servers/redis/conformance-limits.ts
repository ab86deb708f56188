import { setTimeout as delay } from "node:timers/promises";
import { describe, test } from "vitest";
import { Ratelimit } from "../upstash-sdks.ts";
import { post, type Scene } from "./conformance-scene.ts";

type Limiter = ConstructorParameters<typeof Ratelimit>[0]["limiter"];

const LIMITERS: [name: string, limiter: Limiter][] = [
  ["fixed window", Ratelimit.fixedWindow(3, "1 d")],
  ["sliding window", Ratelimit.slidingWindow(3, "1 d")],
  ["token bucket", Ratelimit.tokenBucket(3, "1 d", 3)],
];

interface Extra {
  analytics?: boolean;
  dynamicLimits?: boolean;
}

function createLimit({ redis }: Scene, limiter: Limiter, extra: Extra = {}): Ratelimit {
  return new Ratelimit({ redis, limiter, prefix: "rl", ephemeralCache: false, ...extra });
}

export function describeLimits(scene: () => Scene): void {
  describe("the rate limit library", () => {
    test.for(LIMITERS)("%s bites after three and resets", async ([, limiter], { expect }) => {
      const limit = createLimit(scene(), limiter);
      expect((await limit.getRemaining("u")).remaining).toBe(3);
      const results = [];
      for (let count = 0; count < 5; count += 1) results.push(await limit.limit("u"));
      expect(results.map(({ success }) => success)).toEqual([true, true, true, false, false]);
      expect(results.map(({ remaining }) => remaining)).toEqual([2, 1, 0, 0, 0]);
      expect(results[0]?.reset).toBeGreaterThan(Date.now());
      expect((await limit.limit("other")).success).toBe(true);
      expect((await limit.getRemaining("u")).remaining).toBeLessThanOrEqual(0);
      const dump = await scene().server.dump();
      expect(Object.values(dump).every(({ ttlMs }) => ttlMs !== null && ttlMs > 0)).toBe(true);
      await limit.resetUsedTokens("u");
      expect((await limit.getRemaining("u")).remaining).toBe(3);
      expect((await limit.getRemaining("other")).remaining).toBe(2);
      expect((await limit.limit("u")).success).toBe(true);
    });

    test.for(LIMITERS)("%s counts rates and refunds", async ([, limiter], { expect }) => {
      const limit = createLimit(scene(), limiter);
      expect((await limit.limit("u", { rate: 2 })).remaining).toBe(1);
      expect((await limit.limit("u", { rate: -1 })).remaining).toBe(2);
      expect((await limit.limit("u")).remaining).toBe(1);
      expect((await limit.limit("u")).remaining).toBe(0);
      expect((await limit.limit("u", { rate: -1 })).remaining).toBe(1);
    });

    test.for(LIMITERS)(
      "%s honours a limit changed at run time",
      async ([, limiter], { expect }) => {
        const limit = createLimit(scene(), limiter, { dynamicLimits: true });
        await limit.setDynamicLimit({ limit: 1 });
        const results = [await limit.limit("u"), await limit.limit("u")];
        expect(results.map((result) => [result.success, result.limit])).toEqual([
          [true, 1],
          [false, 1],
        ]);
      },
    );
  });
}

export function describeWindows(scene: () => Scene): void {
  describe("the rate limit library over time", () => {
    test.for([
      ["fixed window", Ratelimit.fixedWindow(2, "150 ms")],
      ["sliding window", Ratelimit.slidingWindow(2, "150 ms")],
      ["token bucket", Ratelimit.tokenBucket(2, "150 ms", 2)],
    ] as [string, Limiter][])("%s lets go after its window", async ([, limiter], { expect }) => {
      const limit = createLimit(scene(), limiter);
      const sent = await Promise.all([1, 2, 3, 4, 5, 6].map(() => limit.limit("u")));
      expect(sent.some(({ success }) => !success)).toBe(true);
      await delay(400);
      expect((await limit.limit("u")).success).toBe(true);
    });

    test("analytics are counted", async ({ expect }) => {
      const limit = createLimit(scene(), Ratelimit.fixedWindow(3, "1 d"), { analytics: true });
      const { pending } = await limit.limit("u");
      await pending;
      const types = Object.values(await scene().server.dump()).map(({ type }) => type);
      expect(types.toSorted()).toEqual(["string", "zset"]);
    });
  });
}

export function describeScripts(scene: () => Scene): void {
  describe("scripts", () => {
    test("a cached window's key is counted and, as in the library, never expires", async ({
      expect,
    }) => {
      const { server } = scene();
      const limit = new Ratelimit({
        redis: scene().redis,
        limiter: Ratelimit.cachedFixedWindow(2, "1 d"),
        prefix: "cached",
        ephemeralCache: new Map(),
      });
      const first = await limit.limit("u");
      expect([first.success, first.remaining]).toEqual([true, 1]);
      await first.pending;
      const keys = Object.entries(await server.dump());
      expect(keys).toMatchObject([[expect.stringMatching(/^cached:u:/), { ttlMs: null }]]);
    });

    test("numbers of keys are checked and flags of a hosted script are accepted", async ({
      expect,
    }) => {
      const { server } = scene();
      const hash = "b2efc02798c8e9b471a10f9b1d5745db89923ff3";
      await new Ratelimit({
        redis: scene().redis,
        limiter: Ratelimit.fixedWindow(3, "1 d"),
      }).limit("u");
      const known = await post(server, ["SCRIPT", "EXISTS", hash, "0".repeat(40)]);
      expect(known.body).toEqual({ result: [1, 0] });
      const tooMany = await post(server, ["EVALSHA", hash, "5", "k"]);
      expect(tooMany.body).toEqual({
        error: "ERR Number of keys can't be greater than number of args",
      });
      const direct = await post(server, ["EVALSHA", hash, 2, "direct", "", 9, 60_000, 1]);
      expect(direct.body).toEqual({ result: [1, 9] });
    });
  });
}
