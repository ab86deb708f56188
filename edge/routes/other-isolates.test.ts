import { afterEach, describe, it, vi } from "vitest";
import { FakeWorld, MINT, textUpdate } from "../testing/fake-world.ts";

const DOWN = { status: 503 } as const;
afterEach(() => void vi.useRealTimers());

/** An isolate whose executor took the command and whose answer was lost; the queue is away. */
async function loseAnswer(update: ReturnType<typeof textUpdate>, env = {}): Promise<FakeWorld> {
  const world = new FakeWorld(env);
  world.executor = () => "timeout";
  world.qstash = () => DOWN;
  await world.update(update);
  return world;
}

describe("a command that another isolate may have handed over", () => {
  it("is not called undone by the isolate that gives it up", async ({ expect }) => {
    const update = textUpdate(`/buy ${MINT} 0.5`);
    await loseAnswer(update);
    const second = new FakeWorld();
    second.executor = () => DOWN;
    second.qstash = () => DOWN;
    second.advance(2_000);
    expect((await second.update(update)).status).toBe(503);
    second.advance(29_000);
    const last = await second.update(update);
    expect(await last.json()).toMatchObject({ text: expect.stringContaining("may or may not") });
  });

  it("is not called undone by the isolate that meets a limit", async ({ expect }) => {
    const update = textUpdate(`/buy ${MINT} 0.5`);
    const env = { RATE_TRADE_PER_MIN: "1" };
    const first = await loseAnswer(update, env);
    const second = new FakeWorld(env);
    for (const [key, value] of first.redis) second.redis.set(key, value);
    second.advance(2_000);
    const text = await (await second.update(update)).text();
    expect(text).toContain("Too many trade commands");
    expect(text).not.toContain("Nothing was done");
  });
});
