import { test } from "vitest";
import { createChain } from "./chain-fixture.ts";
import { VirtualClock } from "./virtual-clock.ts";

test("a started chain makes a slot every 400 ms until it is stopped", async ({ expect }) => {
  const clock = new VirtualClock(1_790_000_000_000);
  const chain = createChain({ clock });
  const start = chain.slot();
  chain.start();
  await clock.advance(4_000);
  expect(chain.slot() - start).toBe(10);
  chain.stop();
  await clock.advance(4_000);
  expect(chain.slot() - start).toBe(10);
});
