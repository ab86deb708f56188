import { describe, it } from "vitest";
import { FakeWorld } from "../testing/fake-world.ts";
import { TEST_SETTINGS } from "../testing/settings.ts";

const KEY = "123e4567-e89b-42d3-a456-426614174000";
const WISH = { positionId: "pos_abcdefghijklmnop", rules: ["tp 50 25", "sl 30"] };
const SENT = { positionId: WISH.positionId, rulesText: "tp 50 25\nsl 30" };

function send(world: FakeWorld, body: unknown, headers: Record<string, string> = {}) {
  return world.send("/admin/exits", {
    method: "POST",
    headers: {
      authorization: `Bearer ${TEST_SETTINGS.ADMIN_TOKEN}`,
      "content-type": "application/json",
      "idempotency-key": KEY,
      ...headers,
    },
    body: JSON.stringify(body),
  });
}

describe("exits over the API", () => {
  it("become one job whose id follows from the key", async ({ expect }) => {
    const world = new FakeWorld();
    const response = await send(world, WISH);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ jobId: `ui:${KEY}`, status: "accepted" });
    expect(await world.jobs()).toMatchObject([
      { id: `ui:${KEY}`, kind: "setExits", actor: { kind: "admin" }, createdMs: 0, ...SENT },
    ]);
  });

  it("are refused without the admin token, before anything is sent", async ({ expect }) => {
    const world = new FakeWorld();
    expect((await send(world, WISH, { authorization: "Bearer wrong-token-01234567" })).status).toBe(
      401,
    );
    expect(await world.jobs()).toEqual([]);
  });

  it.for([
    {},
    { ...WISH, rules: Array.from({ length: 13 }, () => "sl 30") },
    { ...WISH, rules: [""] },
    { ...WISH, extra: 1 },
    { ...WISH, positionId: "../x" },
  ])("answer 422 to the body %j", async (body, { expect }) => {
    const world = new FakeWorld();
    expect((await send(world, body)).status).toBe(422);
    expect(await world.jobs()).toEqual([]);
  });

  it("need an Idempotency-Key, so that a repeat is harmless", async ({ expect }) => {
    const world = new FakeWorld();
    expect((await send(world, WISH, { "idempotency-key": "again" })).status).toBe(422);
    expect(await world.jobs()).toEqual([]);
  });
});
