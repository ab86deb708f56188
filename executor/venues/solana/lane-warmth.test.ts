import { describe, test } from "vitest";
import { FakeClock, FakeNet } from "./fake-net.ts";
import { LaneWarmth, pingUrlsOf } from "./lane-warmth.ts";

const SERVICES = [
  { taker: "jito", urls: ["https://jito.example"] },
  { taker: "helius", urls: ["https://sender.example/fast", "http://ams.example/fast"] },
];

describe("open connections", () => {
  test("are kept by a ping to Sender alone, which counts no call", ({ expect }) => {
    expect(pingUrlsOf(SERVICES)).toEqual([
      "https://sender.example/ping",
      "http://ams.example/ping",
    ]);
  });

  test("are pinged until they are stopped, whatever is answered", async ({ expect }) => {
    const net = new FakeNet();
    const clock = new FakeClock();
    net.web = (url) =>
      url.host === "ams.example" ? { failure: "timeout" } : { status: 503, body: "no" };
    const warmth = new LaneWarmth({ net, clock, urls: pingUrlsOf(SERVICES), timeoutMs: 1_000 });
    warmth.start();
    warmth.start();
    await clock.advance(41_000);
    expect(net.requests.map(({ url, method }) => `${method} ${new URL(url).host}`)).toEqual(
      [1, 2, 3].flatMap(() => ["GET sender.example", "GET ams.example"]),
    );
    const stopped = warmth.stop();
    await clock.advance(60_000);
    await stopped;
    expect(net.requests).toHaveLength(6);
  });

  test("are nobody's business without such a lane", async ({ expect }) => {
    const net = new FakeNet();
    const clock = new FakeClock();
    const warmth = new LaneWarmth({ net, clock, urls: [], timeoutMs: 1_000 });
    warmth.start();
    await clock.advance(60_000);
    await warmth.stop();
    expect(net.requests).toEqual([]);
  });
});
