import { afterAll, beforeAll, expect, test } from "vitest";
import { ChatMark } from "./chat-mark.ts";
import { postJson, type Person } from "./person.ts";
import { ScenarioWorld } from "./scenario-world.ts";

let world: ScenarioWorld;
let alice: Person;
let address: string;

beforeAll(async () => {
  world = await ScenarioWorld.start();
  alice = world.alice;
  address = await alice.begin();
});

afterAll(() => world.close());

test("a pasted mint becomes a position on the chain, and take profit sells it", async () => {
  const mint = world.mint();
  const receipt = await alice.buy(mint);
  expect(receipt.text).toContain("Take profit armed");
  expect(receipt.text).toContain("Stop loss armed");
  const [position] = await world.positions();
  const onChain = await world.chainQuantity(address, mint);
  expect(onChain).toBeGreaterThan(0n);
  expect(BigInt(position?.quantity ?? "0")).toBe(onChain);

  const mark = await ChatMark.of(alice);
  await postJson(`${world.file.jupiter}/world/prices`, { mint, factor: 2.5 });
  const sold = await mark.next("Take profit sold");
  expect(sold.text).toContain("Position closed");
  expect(await world.positions()).toEqual([]);
  expect(await world.chainQuantity(address, mint)).toBe(0n);
  expect((await world.trades()).map((trade) => trade.side)).toEqual(["sell", "buy"]);
});
