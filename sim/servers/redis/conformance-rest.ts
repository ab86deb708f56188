import { setTimeout as delay } from "node:timers/promises";
import { describe, test } from "vitest";
import { CONFORMANCE_TOKEN, post, type Scene, send } from "./conformance-scene.ts";

export function describeForms(scene: () => Scene): void {
  describe("forms of the API", () => {
    test("path, body and query make one command", async ({ expect }) => {
      const { server } = scene();
      const ok = { status: 200, body: { result: "OK" } };
      expect(await send(server, "/set/a%2Fb/x?EX=100")).toMatchObject(ok);
      expect((await send(server, "/ttl/a%2Fb")).body).toEqual({ result: 100 });
      const put = await send(server, "/set/c?NX=", { method: "PUT", body: "a value / here" });
      expect(put).toMatchObject(ok);
      expect((await send(server, "/get/c")).body).toEqual({ result: "a value / here" });
      const byQuery = await fetch(`${server.url}/get/c?_token=${CONFORMANCE_TOKEN}`);
      expect(await byQuery.json()).toEqual({ result: "a value / here" });
    });

    test("base64 covers every text except OK, at any depth", async ({ expect }) => {
      const { server } = scene();
      const headers = { "upstash-encoding": "base64" };
      const encoded = (command: unknown[]) =>
        send(server, "/", { method: "POST", headers, body: JSON.stringify(command) });
      expect((await encoded(["SET", "k", "v"])).body).toEqual({ result: "OK" });
      expect((await encoded(["GET", "k"])).body).toEqual({ result: "dg==" });
      expect((await encoded(["STRLEN", "k"])).body).toEqual({ result: 1 });
      expect((await encoded(["MGET", "k", "x"])).body).toEqual({ result: ["dg==", null] });
      expect((await encoded(["PING"])).body).toEqual({ result: "UE9ORw==" });
    });

    test("a pipeline answers each command, good or bad", async ({ expect }) => {
      const { server, redis } = scene();
      const commands = [["SET", "k", "x"], ["INCR", "k"], ["NOSUCH"], ["GET", "k"]];
      const { status, body } = await post(server, commands, "/pipeline");
      expect(status).toBe(200);
      expect(body).toEqual([
        { result: "OK" },
        { error: expect.stringMatching(/not an integer/) },
        { error: expect.stringMatching(/^ERR unknown command 'NOSUCH'/) },
        { result: "x" },
      ]);
      expect(await redis.pipeline().incr("n").incr("n").exec()).toEqual([1, 2]);
    });

    test("a transaction runs wholly, and not at all when a command is none", async ({ expect }) => {
      const { server, redis } = scene();
      expect(await redis.multi().set("a", "1").incr("a").get("a").exec()).toEqual(["OK", 2, "2"]);
      const refused = await post(server, [["SET", "b", "1"], ["NOSUCH"]], "/multi-exec");
      expect(refused).toMatchObject({ status: 400, body: { error: /EXECABORT|unknown/ } });
      expect(await redis.get("b")).toBeNull();
      const partly = await post(
        server,
        [
          ["SET", "c", "x"],
          ["INCR", "c"],
        ],
        "/multi-exec",
      );
      expect(partly.body).toEqual([{ result: "OK" }, { error: expect.any(String) }]);
    });

    test("every answer carries a token for reading one's own writes", async ({ expect }) => {
      const first = await post(scene().server, ["PING"]);
      const second = await post(scene().server, ["PING"]);
      const tokens = [first, second].map(({ headers }) => headers.get("upstash-sync-token"));
      expect(tokens[0]).toBeTruthy();
      expect(tokens[0]).not.toBe(tokens[1]);
    });
  });
}

export function describeErrors(scene: () => Scene): void {
  describe("refusals", () => {
    test.for([
      [["GET"], "ERR wrong number of arguments for 'get' command"],
      [["SET", "k", "v", "EX", "0"], "ERR invalid expire time in 'set' command"],
      [["SET", "k", "v", "EX", "ten"], "ERR value is not an integer or out of range"],
      [["SET", "k", "v", "NX", "XX"], "ERR syntax error"],
      [["SET", "k", "v", "EX"], "ERR syntax error"],
      [["HSET", "h", "a"], "ERR wrong number of arguments for 'hset' command"],
      [["NOSUCH", "a", "b"], "ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b' "],
      [["EVALSHA", "0".repeat(40), "0"], "NOSCRIPT No matching script. Please use EVAL."],
      [["BLPOP", "list", "1"], "ERR Command is not available: 'BLPOP'"],
      [["SHUTDOWN"], "ERR Command is not available: 'SHUTDOWN'"],
    ] as const)("%j is answered 400 with Redis' words", async ([command, error], { expect }) => {
      expect(await post(scene().server, command)).toMatchObject({ status: 400, body: { error } });
    });

    test("a command for another type is refused", async ({ expect }) => {
      const { server, redis } = scene();
      await redis.hset("h", { a: "1" });
      for (const command of [
        ["GET", "h"],
        ["INCR", "h"],
        ["ZINCRBY", "h", "1", "m"],
      ]) {
        const { status, body } = await post(server, command);
        expect([status, body]).toEqual([400, { error: expect.stringMatching(/^WRONGTYPE/) }]);
      }
      expect(await redis.mget("h")).toEqual([null]);
    });

    test("a bad token, method or body has its own status", async ({ expect }) => {
      const { server } = scene();
      const stranger = await send(server, "/get/k", { token: "wrong" });
      expect(stranger).toMatchObject({ status: 401, body: { error: /^WRONGPASS/ } });
      const deleted = await send(server, "/get/k", { method: "DELETE" });
      expect(deleted).toMatchObject({ status: 405, body: { error: expect.any(String) } });
      for (const body of ["{", "{}", "[]", "[null]", "[[1]]"]) {
        const reply = await send(server, "/", { method: "POST", body });
        expect(reply).toMatchObject({ status: 400, body: { error: /^ERR/ } });
      }
      for (const body of ["{", "[]", "[1]", "[[]]"]) {
        const reply = await send(server, "/pipeline", { method: "POST", body });
        expect(reply.status).toBe(400);
      }
    });
  });
}

export function describeOutage(scene: () => Scene): void {
  describe("an outage", () => {
    test("refuses connections and comes back on the same port with its data", async ({
      expect,
    }) => {
      const { server, redis } = scene();
      await redis.set("kept", "x");
      const stopped = await send(server, "/world/stop", { method: "POST" });
      expect(stopped.body).toEqual({ isListening: false, controlUrl: server.controlUrl });
      await delay(60);
      const refused = await fetch(`${server.url}/get/kept`).then(
        () => undefined,
        (error: unknown) => error as Error,
      );
      expect((refused?.cause as NodeJS.ErrnoException | undefined)?.code).toBe("ECONNREFUSED");
      await expect(redis.get("kept")).rejects.toThrow();
      await fetch(`${server.controlUrl}/world/start`, { method: "POST" });
      expect(await redis.get("kept")).toBe("x");
    });

    test("ends by itself when it was given a length", async ({ expect }) => {
      const { server, redis } = scene();
      await send(server, "/world/stop", { method: "POST", body: JSON.stringify({ ms: 60 }) });
      await delay(40);
      await expect(redis.ping()).rejects.toThrow();
      await delay(120);
      expect(await redis.ping()).toBe("PONG");
    });

    test("faults strike one command and no other", async ({ expect }) => {
      const { server, redis } = scene();
      const fault = { on: "incr", kind: "accept-no-answer" };
      await send(server, "/world/faults", { method: "POST", body: JSON.stringify(fault) });
      expect(await redis.set("n", "1")).toBe("OK");
      await expect(redis.incr("n")).rejects.toThrow();
      expect(await redis.get("n")).toBe("2");
    });
  });
}
