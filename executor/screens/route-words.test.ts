import { expect, test } from "vitest";
import { routeWords } from "./route-words.ts";

test("a trade with a pool itself names it and its fee", () => {
  const route = { router: "direct", label: "pump.fun", poolFeeLamports: "6250000" };
  expect(routeWords({ route })).toBe(
    "Route: pump\u2024fun, straight to the pool · pool fee 0.00625 SOL",
  );
});

test("an aggregator's route names its pools and who found it", () => {
  const route = { router: "jupiter /swap/v2/build", label: "Raydium > Orca" };
  expect(routeWords({ route })).toBe("Route: Raydium > Orca, by Jupiter");
});

test("a label of a stranger cannot bring markup or a line of its own", () => {
  const route = { router: "jupiter", label: "Pool\n\u202eevil" };
  expect(routeWords({ route })).toBe("Route: Poolevil, by Jupiter");
});

test("a route from before routes were told says nothing", () => {
  expect(routeWords({ route: {} })).toBeUndefined();
});
