import { describe, it } from "vitest";
import { NetFailure } from "@raptor/shared/seams/net.ts";
import { Secret } from "@raptor/shared/values/secret.ts";
import { createDiscordAlert } from "./discord.ts";
import { ManualClock, RecordingLog, ScriptedNet } from "./notify-fixture.ts";

const URL_TEXT = "https://discord.test/api/webhooks/1/canary";

function openAlert(url: Secret | undefined = new Secret(URL_TEXT)) {
  const net = new ScriptedNet();
  const log = new RecordingLog();
  const clock = new ManualClock();
  return { net, log, clock, discord: createDiscordAlert({ net, clock, log, url }) };
}

describe("an alert to Discord", () => {
  it("is one post that mentions nobody, cut at 2,000 characters", async ({ expect }) => {
    const { net, discord } = openAlert();
    net.answer(204, "");
    await discord.alert(`@everyone ${"x".repeat(3_000)}`);
    expect(net.requests[0]).toMatchObject({ url: URL_TEXT, method: "POST" });
    const body = JSON.parse(net.requests[0]?.body ?? "") as { content: string };
    expect(body).toMatchObject({ allowed_mentions: { parse: [] } });
    expect(body.content).toHaveLength(2_000);
  });

  it("waits as long as Discord asks, and longer after each silence", async ({ expect }) => {
    const { net, clock, discord } = openAlert();
    net.answer(429, { retry_after: 3.2 });
    net.fail(new NetFailure("reset", "discord.test"));
    net.answer(204, "");
    const done = discord.alert("drift");
    await clock.advance(3_199);
    expect(net.requests).toHaveLength(1);
    await clock.advance(1);
    expect(net.requests).toHaveLength(2);
    await clock.advance(2_000);
    await done;
    expect(net.requests).toHaveLength(3);
  });

  it("gives up after five tries without throwing and without showing the address", async ({
    expect,
  }) => {
    const { net, log, clock, discord } = openAlert();
    for (let n = 0; n < 5; n++) net.fail(new TypeError(`Invalid URL: ${URL_TEXT}`));
    const done = discord.alert("drift");
    await clock.advance(600_000);
    await done;
    expect(net.requests).toHaveLength(5);
    expect(log.lines.join()).toContain("could not be delivered");
    expect(log.lines.join()).not.toContain("canary");
  });

  it("does not repeat what Discord refused", async ({ expect }) => {
    const { net, log, discord } = openAlert();
    net.answer(404, { message: "Unknown Webhook" });
    await discord.alert("drift");
    expect(net.requests).toHaveLength(1);
    expect(log.lines.join()).toContain("Discord refused an alert");
  });

  it("drops alerts of a storm instead of keeping them all", async ({ expect }) => {
    const { net, log, clock, discord } = openAlert();
    net.answer(429, { retry_after: 1 });
    for (let n = 0; n < 20; n++) net.answer(204, "");
    const done = Array.from({ length: 25 }, (_, n) => discord.alert(`alert ${n}`));
    await clock.advance(5_000);
    await Promise.all(done);
    expect(net.requests).toHaveLength(21);
    expect(log.lines.filter((line) => line.includes("dropped"))).toHaveLength(5);
  });

  it("is off without an address", async ({ expect }) => {
    const net = new ScriptedNet();
    const deps = { net, clock: new ManualClock(), log: new RecordingLog(), url: undefined };
    await createDiscordAlert(deps).alert("drift");
    expect(net.requests).toEqual([]);
  });
});
