import { setTimeout as delay } from "node:timers/promises";
import { describe, test } from "vitest";
import { post, type Scene, send } from "./conformance-scene.ts";

export function describeStrings(scene: () => Scene): void {
  describe("texts and counters", () => {
    test("a text comes back as it was, whatever is in it", async ({ expect }) => {
      const { redis } = scene();
      for (const text of ["", "OK", "00123", "1e3", '{"a":1}', "h\u00e9 \u{1f680}\r\n*1"]) {
        expect(await redis.set("k", text)).toBe("OK");
        expect(await redis.get("k")).toBe(text);
      }
      expect(await redis.get("absent")).toBeNull();
    });

    test("SET with NX, XX and GET writes only when it may", async ({ expect }) => {
      const { redis } = scene();
      expect(await redis.set("k", "a", { xx: true })).toBeNull();
      expect(await redis.set("k", "a", { nx: true })).toBe("OK");
      expect(await redis.set("k", "b", { nx: true })).toBeNull();
      expect(await redis.set("k", "c", { get: true })).toBe("a");
      expect(await redis.set("k", "d", { xx: true })).toBe("OK");
      expect(await redis.set("other", "x", { nx: true, get: true })).toBeNull();
      expect(await redis.mget("k", "absent", "other")).toEqual(["d", null, "x"]);
    });

    test("a time to live runs out, and a plain SET removes it", async ({ expect }) => {
      const { redis } = scene();
      await redis.set("short", "x", { px: 40 });
      await redis.set("long", "x", { ex: 100 });
      await redis.set("kept", "x", { ex: 100 });
      expect(await redis.ttl("long")).toBe(100);
      await redis.set("long", "y");
      await redis.set("kept", "y", { keepTtl: true });
      expect([await redis.ttl("long"), await redis.pttl("absent")]).toEqual([-1, -2]);
      expect(await redis.pttl("kept")).toBeGreaterThan(90_000);
      await delay(80);
      expect(await redis.exists("short", "long", "long")).toBe(2);
      expect(await redis.get("short")).toBeNull();
    });

    test("counters count, keep their time to live and refuse texts", async ({ expect }) => {
      const { redis } = scene();
      expect(await redis.incr("n")).toBe(1);
      expect(await redis.expire("n", 50)).toBe(1);
      expect(await redis.incrby("n", 41)).toBe(42);
      expect(await redis.decrby("n", 2)).toBe(40);
      expect(await redis.ttl("n")).toBe(50);
      expect(await redis.persist("n")).toBe(1);
      expect(await redis.ttl("n")).toBe(-1);
      await redis.set("text", "1.5");
      await expect(redis.incr("text")).rejects.toThrow(/not an integer/);
      await redis.set("edge", "9223372036854775807");
      await expect(redis.incr("edge")).rejects.toThrow(/overflow/);
    });

    test("EXPIRE honours its conditions and deletes with a time in the past", async ({
      expect,
    }) => {
      const { redis } = scene();
      await redis.set("k", "x");
      expect(await redis.expire("k", 100, "XX")).toBe(0);
      expect(await redis.expire("k", 100, "NX")).toBe(1);
      expect(await redis.expire("k", 50, "GT")).toBe(0);
      expect(await redis.pexpire("k", 50_000, "LT")).toBe(1);
      expect(await redis.expire("k", -1)).toBe(1);
      expect(await redis.expire("k", 5)).toBe(0);
      expect(await redis.exists("k")).toBe(0);
    });
  });
}

export function describeCollections(scene: () => Scene): void {
  describe("hashes, scores and keys", () => {
    test("a hash keeps its fields and vanishes with the last", async ({ expect }) => {
      const { redis } = scene();
      expect(await redis.hset("h", { a: "1", b: "x" })).toBe(2);
      expect(await redis.hset("h", { b: "y", c: "z" })).toBe(1);
      expect(await redis.hget("h", "b")).toBe("y");
      expect(await redis.hincrby("h", "a", 4)).toBe(5);
      expect(await redis.hincrby("h", "new", -1)).toBe(-1);
      const reply = await post(scene().server, ["HGETALL", "h"]);
      expect(reply.body).toEqual({ result: ["a", "5", "b", "y", "c", "z", "new", "-1"] });
      const some = await post(scene().server, ["HMGET", "h", "c", "absent"]);
      expect(some.body).toEqual({ result: ["z", null] });
      expect(await redis.hdel("h", "a", "b", "c", "new", "absent")).toBe(4);
      expect(await redis.exists("h")).toBe(0);
      await redis.hset("h", { text: "x" });
      await expect(redis.hincrby("h", "text", 1)).rejects.toThrow(/hash value is not an integer/);
    });

    test("scores add up and are ordered", async ({ expect }) => {
      const { redis } = scene();
      // The declared type says number; without deserialization it is the text of the wire.
      expect(String(await redis.zincrby("z", 2, "b"))).toBe("2");
      expect(String(await redis.zincrby("z", 0.5, "b"))).toBe("2.5");
      await redis.zincrby("z", 2.5, "a");
      await redis.zincrby("z", -1, "c");
      const { body } = await post(scene().server, ["ZRANGE", "z", 0, -1, "WITHSCORES"]);
      expect(body).toEqual({ result: ["c", "-1", "a", "2.5", "b", "2.5"] });
      const last = await post(scene().server, ["ZRANGE", "z", "-2", "5"]);
      expect(last.body).toEqual({ result: ["a", "b"] });
    });

    test("keys are found by pattern, counted and deleted", async ({ expect }) => {
      const { redis } = scene();
      for (const key of ["u:1", "u:2", "u:10", "v.1", "w[1]"]) await redis.set(key, "x");
      expect((await redis.keys("u:?")).toSorted()).toEqual(["u:1", "u:2"]);
      expect(await redis.keys("v.*")).toEqual(["v.1"]);
      expect(await redis.keys("w\\[1\\]")).toEqual(["w[1]"]);
      expect(await redis.keys("[u-v][^:]1")).toEqual(["v.1"]);
      expect(await redis.dbsize()).toBe(5);
      const found: string[] = [];
      let cursor = "0";
      do {
        const [next, keys] = await redis.scan(cursor, { match: "u:*", count: 2 });
        found.push(...keys);
        cursor = next;
      } while (cursor !== "0");
      expect(found.toSorted()).toEqual(["u:1", "u:10", "u:2"]);
      expect(await redis.del("u:1", "u:2", "absent")).toBe(2);
      expect(await redis.type("u:10")).toBe("string");
      expect(await redis.ping()).toBe("PONG");
    });

    test("the dump shows every key with type, time to live and value", async ({ expect }) => {
      const { redis, server } = scene();
      await redis.set("t", "x", { ex: 60 });
      await redis.hset("h", { a: "1" });
      await redis.zincrby("z", 3, "m");
      const dump = await server.dump();
      expect(dump).toEqual({
        h: { type: "hash", ttlMs: null, value: ["a", "1"] },
        t: { type: "string", ttlMs: expect.any(Number), value: "x" },
        z: { type: "zset", ttlMs: null, value: ["m", "3"] },
      });
      expect((await send(server, "/world/keys")).body).toMatchObject({ h: { type: "hash" } });
    });
  });
}
