import fc from "fast-check";
import { afterEach, it, vi } from "vitest";
import { FakeWorld, OUR_BUTTON, pressUpdate, textUpdate } from "../testing/fake-world.ts";

const RUNS = { numRuns: 300, seed: 20_261_121 };

afterEach(() => void vi.useRealTimers());

it("answers 200 to any JSON behind the right secret", async ({ expect }) => {
  const world = new FakeWorld();
  await fc.assert(
    fc.asyncProperty(fc.json(), async (text) => {
      expect((await world.update(text)).status).toBe(200);
    }),
    RUNS,
  );
});

it("answers 200 to updates with any part replaced by anything", async ({ expect }) => {
  const world = new FakeWorld({ RATE_USER_PER_MIN: "10000", RATE_TRADE_PER_MIN: "10000" });
  const paths = fc.constantFrom(
    ["update_id"],
    ["message", "text"],
    ["message", "date"],
    ["message", "from"],
    ["message", "from", "id"],
    ["message", "from", "first_name"],
    ["message", "chat", "id"],
    ["message", "entities"],
    ["message", "reply_to_message"],
    ["callback_query", "data"],
    ["callback_query", "id"],
    ["callback_query", "message"],
  );
  await fc.assert(
    fc.asyncProperty(paths, fc.jsonValue(), async (path, value) => {
      const update = path[0] === "callback_query" ? pressUpdate(OUR_BUTTON) : textUpdate("0.5");
      expect((await world.update(replaceAt(update, path, value))).status).toBe(200);
    }),
    RUNS,
  );
});

it("answers 200 to any text in any script", async ({ expect }) => {
  const world = new FakeWorld({ RATE_USER_PER_MIN: "10000", RATE_TRADE_PER_MIN: "10000" });
  const texts = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.string({ unit: "grapheme", maxLength: 80 }),
    fc.string({
      unit: fc.constantFrom(..."/sellbuykill 0123456789.-+eE%,\n\u202e\ud800"),
      maxLength: 60,
    }),
  );
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      const response = await world.update(textUpdate(text));
      expect(response.status).toBe(200);
    }),
    RUNS,
  );
});

function replaceAt(root: unknown, path: readonly string[], value: unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  const record: Record<string, unknown> = { ...(root as Record<string, unknown>) };
  record[name] = replaceAt(record[name], rest, value);
  return record;
}
