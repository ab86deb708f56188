import { createHash } from "node:crypto";
import { describe, test } from "vitest";
import { encodeRoute, JUPITER_EVENT_AUTHORITY, parseRoute, ROUTES } from "./jupiter-layout.ts";

const ROUTE = {
  quantityIn: 500_000_000n,
  quotedOut: 0xffff_ffff_ffff_fffen,
  slippageBps: 50,
  platformFeeBps: 10,
  positiveSlippageBps: 3,
};

describe("jupiter layout", () => {
  test.for(["route_v2", "shared_accounts_route_v2"] as const)(
    "%s carries the discriminator of its name and survives a round trip",
    (name, { expect }) => {
      const hash = createHash("sha256").update(`global:${name}`).digest("hex");
      expect(ROUTES[name].discriminator).toBe(hash.slice(0, 16));
      const data = encodeRoute(name, ROUTE);
      expect(data.subarray(0, 8).toString("hex")).toBe(hash.slice(0, 16));
      expect(parseRoute(data)).toEqual({ name, route: ROUTE });
    },
  );

  test("the shared route keeps its arguments one byte later", ({ expect }) => {
    expect(encodeRoute("route_v2", ROUTE).readBigUInt64LE(8)).toBe(500_000_000n);
    expect(encodeRoute("shared_accounts_route_v2", ROUTE).readBigUInt64LE(9)).toBe(500_000_000n);
  });

  test("other instructions and cut-off data are not routes", ({ expect }) => {
    const data = encodeRoute("route_v2", ROUTE);
    expect(parseRoute(data.subarray(0, 29))).toBeUndefined();
    expect(parseRoute(Buffer.from("e517cb977ae3ad2a".padEnd(80, "0"), "hex"))).toBeUndefined();
  });

  test("the event authority is the one that mainnet transactions name", ({ expect }) => {
    expect(JUPITER_EVENT_AUTHORITY).toBe("D8cy77BBepLMngZx6ZukaTff5hCt1HrWyKk3Hnd9oitf");
  });
});
