import { describe, test } from "vitest";
import { RedisFailure } from "./backend.ts";
import { encodeCommand, RespReader } from "./resp.ts";

const STREAM = Buffer.from(
  "+OK|-ERR no|:-42|$7|h\u00e9|xy|$-1|*3|$0||*1|:1|*-1|*0|".replaceAll("|", "\r\n"),
);
const REPLIES = ["OK", new RedisFailure("ERR no"), -42, "h\u00e9\r\nxy", null, ["", [1], null], []];

describe("the RESP reader", () => {
  test("reads every kind of reply", ({ expect }) => {
    expect(new RespReader().push(STREAM)).toEqual(REPLIES);
  });

  test("reads the same replies however the stream is cut", ({ expect }) => {
    for (let cut = 1; cut < STREAM.length; cut += 1) {
      const reader = new RespReader();
      const first = reader.push(STREAM.subarray(0, cut));
      expect([...first, ...reader.push(STREAM.subarray(cut))]).toEqual(REPLIES);
    }
    const reader = new RespReader();
    expect([...STREAM].flatMap((byte) => reader.push(Buffer.from([byte])))).toEqual(REPLIES);
  });

  test("refuses bytes that are no reply", ({ expect }) => {
    expect(() => new RespReader().push(Buffer.from("HTTP/1.1 200\r\n"))).toThrow(/RESP2/);
  });
});

test("a command counts bytes, not characters", ({ expect }) => {
  expect(encodeCommand(["SET", "k\u00e9", ""]).toString("utf8")).toBe(
    "*3\r\n$3\r\nSET\r\n$3\r\nk\u00e9\r\n$0\r\n\r\n",
  );
});
