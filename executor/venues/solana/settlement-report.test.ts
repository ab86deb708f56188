import { describe, test } from "vitest";
import { BOUND } from "./fake-chain.ts";
import { createJudge, fail, silence, succeed } from "./verdict-fixture.ts";

describe("a booked fill", () => {
  test("is settled by two finalized words, and by one alone after a minute", async ({ expect }) => {
    const { nodes, honest, other, settle, clock } = await createJudge();
    for (const node of nodes) succeed(node, "finalized");
    expect(await settle()).toBe("settled");
    other.status = { commitment: "confirmed", err: null };
    expect(await settle()).toBe("pending");
    silence(other);
    for (let n = 0; n < 11; n++) {
      await settle();
      await clock.advance(5_000);
    }
    expect(await settle()).toBe("pending");
    await clock.advance(6_000);
    expect(await settle()).toBe("settled");
    succeed(honest, "confirmed");
    expect(await settle()).toBe("pending");
  });

  test("is not gone on one node's word, and is on every node's", async ({ expect }) => {
    const { nodes, honest, other, settle } = await createJudge();
    fail(other, "finalized");
    expect(await settle()).toBe("pending");
    succeed(honest, "finalized");
    expect(await settle()).toBe("pending");
    for (const node of nodes) fail(node, "finalized");
    expect(await settle()).toBe("gone");
    for (const node of nodes) fail(node, "confirmed");
    expect(await settle()).toBe("pending");
  });

  test("is gone when its absence is proven on every node", async ({ expect }) => {
    const { other, settle } = await createJudge();
    expect(await settle()).toBe("gone");
    other.finalizedHeight = BOUND;
    expect(await settle()).toBe("pending");
    silence(other);
    expect(await settle()).toBe("pending");
  });
});
